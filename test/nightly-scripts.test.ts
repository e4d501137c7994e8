import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { needs } from './adapters/messaging/needs.ts'
import { startProcess } from './support/processes.ts'
import { ROOT } from './support/program.ts'

const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')

async function run(t: ExecutionContext, args: readonly string[], env: Record<string, string> = {}) {
  t.timeout(300_000)
  const script = startProcess(process.execPath, ['run.js', ...args], env)
  t.teardown(() => script.end())
  const { code } = await script.exited
  return { code, text: script.output(), last: script.output().trimEnd().split('\n').at(-1) ?? '' }
}

test('what they do not understand is told with their usage, and nothing is run', async (t) => {
  for (const args of [
    ['fuzz', 'many'],
    ['fuzz', '--rest', '-5'],
    ['timing', '1.5'],
    ['timing', '10', '20'],
  ]) {
    const { code, text } = await run(t, args)
    t.is(code, 64, text)
    t.regex(text, new RegExp(`^Usage: npm run ${args[0]} `))
  }
})

test('the README names them as they are called', (t) => {
  for (const command of ['npm run fuzz`', 'npm run fuzz -- --rest`', 'npm run timing`'])
    t.true(readme.includes(`\`${command}`), command)
})

test('npm run timing measures each way into a refusal, and ends by what came out', async (t) => {
  const { code, text, last } = await run(t, ['timing', '3'])
  t.regex(text, /signing in \(S53\): nobody has the address [\d.]+ .*; ratio \d+\.\d{3}, at most 1\.1 \(\d+ each\)/)
  t.regex(text, /\(S54\): .*; ratio /)
  // So few samples may be far apart, on a machine that is busy.
  if (code === 0) t.is(last, '2 passed, 0 failed, 0 skipped')
  else t.regex(text, /it can be told/)
})

const SERVERS = ['TEST_DATABASE_URL', 'TEST_RABBITMQ_URL', 'TEST_REDIS_URL']
if (needs(test, 'npm run fuzz -- --rest with few calls', SERVERS)) {
  test('npm run fuzz -- --rest calls every operation on both profiles, as often as it is told', async (t) => {
    const servers = Object.fromEntries(SERVERS.map((name) => [name, process.env[name] ?? '']))
    const { code, text, last } = await run(t, ['fuzz', '--rest', '150'], servers)
    t.is(code, 0, text)
    t.is(last, '2 passed, 0 failed, 0 skipped')
    const runs = [...text.matchAll(/(\d+) calls of (\d+) operations in \d+ s \(.*\); seed \d+/g)]
    t.is(runs.length, 2, text)
    t.true(
      runs.some(([, calls]) => Number(calls) >= 150),
      text,
    )
  })
}
