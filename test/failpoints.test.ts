import test from 'ava'
import { createFailpoint } from '../src/adapters/failpoints/index.ts'
import { FAILPOINTS, type FailpointName, parseFailpoints } from '../src/config/failpoints.ts'
import { loadConfig } from '../src/config.ts'
import { RecordingLog } from './fakes/recording-log.ts'
import { startProcess } from './support/processes.ts'
import { ROOT, settings } from './support/program.ts'

const problemsOf = (environment: Readonly<Record<string, string>>) => {
  const loaded = loadConfig({ DATA_DIR: '/nowhere', ...environment }, { role: 'relay' })
  return loaded.ok ? [] : loaded.problems.map(({ problem }) => problem)
}

test('places, kinds, passings and milliseconds are read, several with commas between them', (t) => {
  t.deepEqual(parseFailpoints('webhook.read:kill, ingest.committed:delay=200@3,trace'), {
    trace: true,
    plans: [
      { name: 'webhook.read', kind: 'kill', delayMs: 1_000, nth: 1 },
      { name: 'ingest.committed', kind: 'delay', delayMs: 200, nth: 3 },
    ],
  })
})

test('what is no failpoint is refused with a sentence that names it', (t) => {
  for (const [text, sentence] of [
    ['nothing', 'FAILPOINT must be name:kill|throw|hang|delay@n, but has "nothing".'],
    ['webhook.read:kill@0', 'FAILPOINT must be name:kill|throw|hang|delay@n, but has "webhook.read:kill@0".'],
    ['webhook.gone:kill', 'FAILPOINT names webhook.gone, which is no failpoint.'],
    ['webhook.read:explode', 'FAILPOINT has the kind explode, but there are kill, throw, hang, delay.'],
    ['webhook.read:kill=5', 'FAILPOINT has milliseconds for another kind than delay.'],
    ['webhook.read:kill,', 'FAILPOINT must be name:kill|throw|hang|delay@n, but has "".'],
  ] as const)
    t.deepEqual(problemsOf({ FAILPOINT: text }), [sentence])
})

test('S143: production refuses any failpoint, right or wrong', (t) => {
  for (const FAILPOINT of ['webhook.read:kill', 'trace', 'nonsense'])
    t.true(
      problemsOf({ NODE_ENV: 'production', FAILPOINT }).includes('FAILPOINT must not be set with NODE_ENV=production.'),
    )
})

test('S143: the program ends with 78 and the sentence, in production and elsewhere', async (t) => {
  const start = async (given: Readonly<Record<string, string>>) => {
    const { exited, output } = startProcess(process.execPath, ['src/main.ts', 'relay'], settings(given), { cwd: ROOT })
    return { ...(await exited), says: output() }
  }
  const [wrong, inProduction] = await Promise.all([
    start({ FAILPOINT: 'webhook.gone:kill' }),
    start({ FAILPOINT: 'webhook.read:kill', NODE_ENV: 'production', DATABASE_URL: 'postgres://a:b@localhost/c' }),
  ])
  t.like(wrong, { code: 78, signal: null })
  t.regex(wrong.says, /FAILPOINT names webhook\.gone, which is no failpoint\./)
  t.like(inProduction, { code: 78, signal: null })
  t.regex(inProduction.says, /FAILPOINT must not be set with NODE_ENV=production\./)
})

test('without a failpoint there is nothing to pass', (t) => {
  t.is(createFailpoint(null, new RecordingLog()), null)
})

test('it fails at the nth passing of its place, once, and nowhere else', async (t) => {
  const pass = passing('batch.handling:throw@2')
  await pass('batch.handled')
  await pass('batch.handling')
  await t.throwsAsync(pass('batch.handling'), { message: 'the failpoint batch.handling was reached' })
  await pass('batch.handling')
})

test('one that hangs goes on for ever, one that is delayed for as long as it says', async (t) => {
  const pass = passing('batch.handling:hang,batch.handled:delay=40')
  const hung = Symbol('hung')
  const startedAt = performance.now()
  await pass('batch.handled')
  t.true(performance.now() - startedAt >= 39)
  t.is(await Promise.race([pass('batch.handling'), new Promise((resolve) => setTimeout(resolve, 40, hung))]), hung)
})

test('each place is told of where passings are traced', async (t) => {
  const log = new RecordingLog()
  const pass = createFailpoint({ plans: [], trace: true }, log)
  await pass?.('batch.handling')
  await pass?.('batch.handling')
  t.deepEqual(
    log.lines.map(({ fields }) => fields),
    [
      { failpoint: 'batch.handling', nth: 1 },
      { failpoint: 'batch.handling', nth: 2 },
    ],
  )
})

test('there are enough of them, each with a sentence', (t) => {
  const names = Object.keys(FAILPOINTS)
  t.true(names.length >= 25)
  for (const name of names) {
    t.regex(name, /^[a-z-]+\.[a-z-]+$/)
    t.regex(FAILPOINTS[name as FailpointName], /^[A-Z].*\.$/)
  }
})

function passing(text: string) {
  const setting = parseFailpoints(text)
  const pass = typeof setting === 'string' ? null : createFailpoint(setting, new RecordingLog())
  if (pass === null) throw new Error('nothing to pass')
  return pass
}
