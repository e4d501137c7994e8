import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { createInstagramSimulator, type InstagramSimulator } from '../../dev/instagram-simulator/index.ts'
import { BadScenario, loadScenario, SCENARIOS } from '../../dev/scenario/load-scenario.ts'
import { playScenario, ScenarioFailure } from '../../dev/scenario/play-scenario.ts'
import { isAct } from '../../dev/scenario/scenario.ts'
import { onEachProfile } from '../support/database.ts'
import { mainProcess } from '../support/main-process.ts'
import { profileSettings } from '../support/profile-settings.ts'
import { dataFolder } from '../support/program.ts'

const files = globSync(join(SCENARIOS, '*.yaml')).sort()

test('there is a scenario for each thing the documentation names', (t) => {
  const page = readFileSync(join(SCENARIOS, '..', '..', 'docs', 'scenarios.md'), 'utf8')
  t.deepEqual(
    files.map((file) => basename(file)).filter((name) => !page.includes(`\`${name}\``)),
    [],
  )
})

/** More at once only wait for each other: most of a scenario is the service's own work. */
const AT_ONCE = 3
let free = AT_ONCE
const waiting: (() => void)[] = []

async function inTurn(work: () => Promise<unknown>): Promise<void> {
  if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve))
  else free -= 1
  try {
    await work()
  } finally {
    const next = waiting.shift()
    if (next) next()
    else free += 1
  }
}

onEachProfile((profile) => {
  let stage: { url: string; simulator: InstagramSimulator }
  const teardowns: (() => unknown)[] = []

  test.before(`${profile}: the program runs`, async (t) => {
    t.timeout(240_000)
    const scope = { teardown: (fn: () => unknown) => teardowns.push(fn) } as unknown as ExecutionContext
    const simulator = await createInstagramSimulator()
    teardowns.push(() => simulator.close())
    const main = await mainProcess(await dataFolder(scope, 'scenarios'), {
      ...(await profileSettings(scope, profile, 'scenarios')),
      INSTAGRAM_GRAPH_URL: simulator.url,
      FACEBOOK_GRAPH_URL: simulator.url,
      LOG_LEVEL: 'error',
    })
    const program = main.start()
    teardowns.push(() => program.end())
    await main.ready(program)
    stage = { url: main.url, simulator }
  })

  test.after.always(async (t) => {
    t.timeout(60_000)
    for (const tearDown of teardowns.reverse()) await tearDown()
  })

  for (const file of files) {
    const { scenario, lines } = loadScenario(file)
    // proves: simulator.scenarios
    test(`${profile}: ${basename(file)} happens as it is written`, async (t) => {
      t.timeout(240_000)
      const told: string[] = []
      await inTurn(() => playScenario({ scenario, lines, file }, stage, (line) => told.push(line)))
      t.is(told.length, scenario.steps.length)
      for (const [index, step] of scenario.steps.entries()) {
        if (isAct(step) && step.does === 'typed-on-phone')
          t.is(told[index], `the account to ${step.who}: typed-on-phone “${step.text}”`)
      }
    })
  }

  test(`${profile}: what does not happen is told with its line, what should be and what is`, async (t) => {
    t.timeout(120_000)
    const source = [
      'name: Wrong',
      'about: Nobody answers.',
      'people: { mia: {} }',
      'steps:',
      '  - { who: mia, does: dm, text: Hello, becomes: TEXT }',
      '  - expect:',
      '      messages: { of: mia, are: [{ content: Hallo }] }',
    ]
    const loaded = loadScenario('wrong.yaml', source.join('\n'))
    const failure = await t.throwsAsync(() => playScenario(loaded, { ...stage, expectWithinMs: 300 }), {
      instanceOf: ScenarioFailure,
    })
    t.regex(
      failure?.message ?? '',
      /^wrong\.yaml:6: .+should be \[\{"content":"Hallo"\}\] and is \[\{"content":"Hello"\}\]/,
    )
    const kind = loadScenario('kind.yaml', source.join('\n').replace('becomes: TEXT', 'becomes: MEDIA'))
    await t.throwsAsync(() => playScenario(kind, stage), { message: 'kind.yaml:5: the dm of mia is there as TEXT' })
  })
})

test('a file that is not there is told with those that are', (t) => {
  const error = t.throws(() => loadScenario('nope.yaml'), { instanceOf: BadScenario })
  t.regex(
    error?.message ?? '',
    /^There is no file nope\.yaml\. In dev\/scenarios there are ad-referral\.yaml, .+\.yaml\.$/,
  )
  t.throws(() => loadScenario(SCENARIOS), { instanceOf: BadScenario, message: /is a folder, not a file\.$/ })
})

const frame = (...steps: string[]) =>
  ['name: A', 'about: B', 'people: { mia: {} }', 'steps:', ...steps.map((step) => `  - ${step}`)].join('\n')

for (const [what, source, expected] of [
  ['no YAML', 'name: [', [/^x\.yaml:\d: .+/]],
  ['nothing in it', 'name: A', [/^x\.yaml:1: must have required property 'about'/, /'people'/, /'steps'/]],
  [
    'an unknown member',
    `${frame('{ who: mia, does: dm, text: x }')}\nmood: good`,
    [/^x\.yaml:6: there is no "mood" here/],
  ],
  ['a step of no kind', frame('{ dance: 12 }'), [/^x\.yaml:5: a step has one of who, together, agent, fault, expect/]],
  [
    'an unknown person',
    frame('{ who: ben, does: dm, text: x }'),
    [/^x\.yaml:5: there is nobody called "ben"; there are mia/],
  ],
  ['an unknown deed', frame('{ who: mia, does: dance }'), [/^x\.yaml:5: nobody can "dance"/]],
  ['a text that lacks', frame('{ who: mia, does: dm }'), [/^x\.yaml:5: dm needs a text/]],
  ['a message that lacks', frame('{ who: mia, does: read }'), [/^x\.yaml:5: read needs the message that is meant/]],
  [
    'a message nobody wrote',
    frame('{ who: mia, does: dm, text: x, as: one }', '{ who: mia, does: read, message: two }'),
    [/^x\.yaml:6: no message before this is "two"/],
  ],
  ['an unknown fault', frame('{ fault: earthquake }'), [/^x\.yaml:5: No fault "earthquake"; there are refusal/]],
  ['a wrong word', frame('{ agent: sing, to: mia }'), [/^x\.yaml:5: agent has to be one of reply, resolve, reopen/]],
  ['an age', frame('{ who: mia, does: dm, text: x, ago: long }'), [/^x\.yaml:5: ago must match pattern/]],
] as const) {
  test(`a file with ${what} is refused with its line`, (t) => {
    const error = t.throws(() => loadScenario('x.yaml', source), { instanceOf: BadScenario })
    const lines = error?.message.split('\n') ?? []
    t.is(lines.length, expected.length, error?.message)
    for (const [index, pattern] of expected.entries()) t.regex(lines[index] ?? '', pattern)
  })
}
