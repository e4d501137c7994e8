import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { assertNoneLeft, bearersOf, type StartedProcess, startProcess } from './support/processes.ts'
import { testUnless } from './support/test-unless.ts'
import { whyNoRedis } from './support/throwaway-redis.ts'

const ROOT = join(import.meta.dirname, '..')
/** For the runners' temporary folders: other suites on this machine make theirs at the same time. */
const TEMPORARY = mkdtempSync(join(tmpdir(), 'dc-runners-'))
chmodSync(TEMPORARY, 0o755)
test.after.always(() => rmSync(TEMPORARY, { recursive: true, force: true }))

/** A project of which only the suites are its own. */
function aProject(t: ExecutionContext, suites: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'dc-runner-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, 'test'))
  for (const path of ['node_modules', 'ava.config.js', 'test/support'])
    symlinkSync(join(ROOT, path), join(folder, path))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  for (const [path, source] of Object.entries(suites)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), `import test from 'ava'\n${source}`)
  }
  return folder
}

function startRunner(
  t: ExecutionContext,
  suites: Readonly<Record<string, string>>,
  { args = [], env = {} }: { args?: readonly string[]; env?: Record<string, string> } = {},
): StartedProcess {
  const folder = aProject(t, suites)
  const script = `import { main } from ${JSON.stringify(join(ROOT, 'test/run.ts'))}
    process.exitCode = await main(${JSON.stringify(args)}, ${JSON.stringify(folder)})`
  const runner = startProcess(
    process.execPath,
    ['--input-type=module', '--eval', script],
    { TMPDIR: TEMPORARY, ...env },
    { cwd: folder, mayLeak: true },
  )
  t.teardown(() => runner.end())
  return runner
}

async function run(...start: Parameters<typeof startRunner>) {
  const [t] = start
  t.timeout(120_000)
  const runner = startRunner(...start)
  const { code } = await runner.exited
  await t.notThrowsAsync(assertNoneLeft(runner))
  return { code, text: runner.output(), last: runner.output().trimEnd().split('\n').at(-1) }
}

test.serial('what passed, failed and was skipped is summed over all files, and told', async (t) => {
  const { code, text, last } = await run(t, {
    'test/good.test.ts': `test('a', (t) => t.pass())\ntest('b', (t) => t.pass())`,
    'test/deep/mixed.test.ts': `test('adds up', (t) => t.deepEqual({ sum: 1 }, { sum: 2 }))
      test.skip('the broker is asked: not run, since there is none', () => {})
      test('c', (t) => t.pass())`,
  })
  t.is(last, '3 passed, 1 failed, 1 skipped', text)
  t.is(code, 1)
  t.regex(text, /✔ test\/good\.test\.ts .* 2 passed\n/)
  t.regex(text, /✘ test\/deep\/mixed\.test\.ts .* 1 passed, 1 FAILED, 1 skipped\n/)
  t.regex(text, /Skipped:\n {2}test\/deep\/mixed\.test\.ts: the broker is asked: not run, since there is none\n/)
  t.regex(text, /- {3}sum: 1,\n.*\+ {3}sum: 2,/)
})

test.serial('all passed is 0, also for a part that a file, a folder or a pattern chooses', async (t) => {
  const suites = {
    'test/a/one.test.ts': `test('a', (t) => t.pass())`,
    'test/a/b/two.test.ts': `test('b', (t) => t.pass())`,
    'test/other.test.ts': `test('c', (t) => t.fail())`,
  }
  for (const [args, passed] of [
    [['test/a/one.test.ts'], 1],
    [['test/a'], 2],
    [['test/a/**'], 2],
    [['test/a', '--match=b'], 1],
  ] as const) {
    const { code, last, text } = await run(t, suites, { args })
    t.deepEqual([code, last], [0, `${passed} passed, 0 failed, 0 skipped`], text)
  }
})

test.serial('a run in which nothing was tested has failed', async (t) => {
  const suites = { 'test/later.test.ts': `test.skip('later', () => {})` }
  t.like(await run(t, suites), { code: 1, last: '0 passed, 1 failed, 1 skipped' })
  t.like(await run(t, suites, { args: ['test/nowhere'] }), { code: 1, last: '0 passed, 1 failed, 0 skipped' })
})

test.serial('no accident passes for a success', async (t) => {
  const accidents = {
    'cannot-be-loaded': `throw new Error('on loading')`,
    'has-no-tests': '',
    'exits-early': `test('a', (t) => { t.pass(); process.exit(0) })`,
    'is-killed': `test('a', async (t) => { t.pass(); process.kill(process.pid, 'SIGKILL'); await new Promise(() => setTimeout(() => {}, 1e6)) })`,
    'throws-late': `test('a', (t) => t.pass())\ntest.after(() => void setTimeout(() => { throw new Error('late') }))`,
    'rejects-late': `test('a', (t) => t.pass())\ntest.after(() => void Promise.reject(new Error('nobody waits')))`,
    'cleans-up-badly': `test('a', (t) => t.pass())\ntest.after(() => { throw new Error('hook') })`,
    'has-a-plan': `test('a', (t) => t.pass())\ntest.todo('b')`,
    'never-ends': `test('a', (t) => t.pass())\ntest.after(() => void setInterval(() => {}, 1e6))`,
  }
  const suites = Object.entries(accidents).map(([name, source]) => [`test/${name}.test.ts`, source])
  const { code, text, last } = await run(t, Object.fromEntries(suites), { args: ['--timeout=8s'] })
  t.is(code, 1)
  for (const name of Object.keys(accidents)) t.regex(text, new RegExp(`✘ test/${name}\\.test\\.ts .* 1 FAILED`))
  t.regex(last ?? '', /^\d+ passed, 9 failed, 0 skipped$/, text)
})

test.serial('suites see nothing of the settings of the program', async (t) => {
  const { last, text } = await run(
    t,
    {
      'test/environment.test.ts': `test('a', (t) => {
        t.deepEqual(['PORT', 'DATABASE_URL', 'SESSION_SECRET', 'LOG_LEVEL'].filter((name) => name in process.env), [])
        t.is(process.env.OTHER, 'kept')
      })`,
      '.env': 'PORT=1\n',
    },
    {
      env: { PORT: '1', DATABASE_URL: 'postgres://nowhere/x', SESSION_SECRET: 's', LOG_LEVEL: 'debug', OTHER: 'kept' },
    },
  )
  t.is(last, '1 passed, 0 failed, 0 skipped', text)
})

const usesRedis = {
  'test/redis.test.ts': `import { createClient } from 'redis'
    const url = process.env.TEST_REDIS_URL
    if (!url) test.skip('Redis: not run, since TEST_REDIS_URL is not set', () => {})
    else test('a', async (t) => { const redis = await createClient({ url }).connect(); t.is(await redis.ping(), 'PONG'); redis.destroy() })`,
  'test/other.test.ts': `test('b', (t) => t.pass())`,
}
const folders = () => readdirSync(TEMPORARY).filter((name) => /^dc-(redis|postgres)-/.test(name))

testUnless(whyNoRedis(), 'a server that no variable names is a throwaway one, gone afterwards', async (t) => {
  const before = folders()
  const { code, last, text } = await run(t, usesRedis)
  t.deepEqual([code, last], [0, '2 passed, 0 failed, 0 skipped'], text)
  const [, port] = /Redis +a throwaway one on port (\d+)/.exec(text) ?? []
  t.not(port, '6379')
  await t.throwsAsync(fetch(`http://127.0.0.1:${port}`))
  t.deepEqual(folders(), before)
  t.notRegex(text, /PostgreSQL|RabbitMQ/)
})

test.serial(
  'without a server its suites are skipped with the way to enable them; REQUIRE_SERVICES=1 makes that a failure',
  async (t) => {
    const env = { PATH: dirname(process.execPath) }
    const skipped = await run(t, usesRedis, { env })
    t.deepEqual([skipped.code, skipped.last], [0, '1 passed, 0 failed, 1 skipped'], skipped.text)
    t.regex(
      skipped.text,
      /do without:\n {2}Redis: none, since redis-server is not installed; set TEST_REDIS_URL, or install redis-server/,
    )
    const required = await run(t, usesRedis, { env: { ...env, REQUIRE_SERVICES: '1' } })
    t.deepEqual([required.code, required.last], [1, '1 passed, 1 failed, 1 skipped'], required.text)
    t.regex(required.text, /Failed besides single tests:\n {2}Redis: none, since redis-server is not installed; /)
  },
)

test.serial('a server that is named and does not answer is a failure, and its password is not shown', async (t) => {
  const { code, last, text } = await run(t, usesRedis, { env: { TEST_REDIS_URL: 'redis://:hidden@127.0.0.1:1' } })
  t.is(code, 1)
  t.regex(last ?? '', / [1-9] failed, /)
  t.regex(text, /TEST_REDIS_URL names redis:\/\/\S+: no answer \(ECONNREFUSED\)/)
  t.notRegex(text, /hidden/)
})

for (const [how, stdio] of [
  ['quietly', 'ignore'],
  ['with the output of the suite', 'inherit'],
]) {
  test.serial(`a process that a suite leaves behind ${how} is a failure, and is ended`, async (t) => {
    const { code, last, text } = await run(t, {
      'test/leaves.test.ts': `import { spawn } from 'node:child_process'
        test('a', (t) => { spawn('sleep', ['4242'], { detached: true, stdio: '${stdio}' }).unref(); t.pass() })`,
    })
    t.is(code, 1)
    t.regex(last ?? '', /^1 passed, [12] failed, 0 skipped$/, text)
    t.regex(text, /Left running:\n +\d+ sleep 4242\n/)
  })
}

testUnless(whyNoRedis(), 'told to stop, it ends the suites, what they started and the servers', async (t) => {
  t.timeout(120_000)
  const before = folders()
  const runner = startRunner(t, {
    ...usesRedis,
    'test/waits.test.ts': `import { spawn } from 'node:child_process'
      test('a', async (t) => { t.timeout(100_000); spawn('sleep', ['4243'], { stdio: 'inherit' }); console.log('waiting'); await new Promise((resolve) => setTimeout(resolve, 90_000)) })`,
  })
  await runner.says(/waiting/)
  t.true(bearersOf(runner.mark).length > 2)
  runner.signal('SIGTERM')
  const { code } = await runner.exited
  t.is(code, 1)
  t.regex(runner.output(), /Interrupted\.\n\n\d+ passed, [1-9]\d* failed, \d+ skipped\n$/)
  await t.notThrowsAsync(assertNoneLeft(runner))
  t.deepEqual(folders(), before)
})

test.serial('a planted secret in the output of a suite that passes is a failure', async (t) => {
  const source = `test('prints', (t) => { console.log('a line with planted-token-1 in it'); t.pass() })`
  const { code, text, last } = await run(t, {
    'test/leaky.test.ts': source,
    'test/good.test.ts': `test('a', (t) => t.pass())`,
  })
  t.is(code, 1)
  t.is(last, '2 passed, 1 failed, 0 skipped')
  t.regex(text, /the output of the suites gives away planted-token-1/)
})
