import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { createInstagramSimulator } from '../../dev/instagram-simulator/index.ts'
import { type ChannelJson, connect, signUp } from '../support/inbox-client.ts'
import { mainProcess } from '../support/main-process.ts'
import { killAll, waitFor } from '../support/processes.ts'
import { dataFolder, processesOn } from '../support/program.ts'
import { startAgent, startRepeats, startTraffic } from '../support/traffic.ts'
import { atRest } from './harness/at-rest.ts'
import { brokenIn, countsOf } from './harness/checker.ts'
import { startFeedReader } from './harness/feed-reader.ts'
import { createRecorder } from './harness/history.ts'
import { readSnapshot } from './harness/snapshot.ts'

const KILLS = 20
const WEBHOOKS_PER_SECOND = 50
const PEOPLE = 40
const AGENTS = 3

const between = (least: number, most: number) => least + Math.random() * (most - least)

test('killed twenty times under fifty webhooks a second, it loses nothing, doubles nothing and sends nothing twice', async (t) => {
  t.timeout(1_800_000)
  const simulator = await createInstagramSimulator()
  t.teardown(() => simulator.close())
  const dataDir = await dataFolder(t, 'killed')
  const main = await mainProcess(dataDir, {
    INSTAGRAM_GRAPH_URL: simulator.url,
    FACEBOOK_GRAPH_URL: simulator.url,
    LOG_LEVEL: 'warn',
  })
  let program = main.start()
  t.teardown(() => killAll([program.pid]))
  await main.ready(program)
  const client = await signUp(main.url)
  const { account, channel } = await connect(client, simulator)
  const recorder = createRecorder()
  recorder.connected(client, channel, account)
  const reader = startFeedReader(recorder, client)
  t.teardown(() => reader.stop())
  const people = Array.from({ length: PEOPLE }, () => simulator.customer({ account }))
  for (const person of people) await simulator.dm(person, 'Hello')
  const tickets = await waitFor(async () => {
    const found = await client.tickets()
    return found.length === PEOPLE ? found.map(({ id }) => id) : null
  }, 30_000)

  // Of the sends some are slow to be answered, some are never echoed, some are answered with a 500 after they arrived.
  const trouble = () => {
    const dice = Math.random()
    if (dice < 0.4) simulator.fault({ kind: 'echo-before-answer', pauseMs: 80 })
    else if (dice < 0.5) simulator.fault({ kind: 'echo-withheld' })
    if (dice > 0.9) simulator.fault({ kind: 'delivered-then-500' })
  }
  const agents = Array.from({ length: AGENTS }, (_, index) =>
    startAgent(t, recorder, client, `agent ${index}`, () => tickets.filter((_, each) => each % AGENTS === index), {
      everyMs: 150,
      beforeEach: trouble,
    }),
  )
  const answered = () => agents.flatMap(({ replies }) => replies).filter(({ record }) => record.answer !== null).length
  const traffic = startTraffic(t, simulator, people, WEBHOOKS_PER_SECOND)
  const repeats = startRepeats(t, simulator)

  const startedAt = performance.now()
  for (let kill = 1; kill <= KILLS; kill++) {
    // Some of them while it starts.
    if (kill % 4 === 1) await sleep(between(0, 1_000))
    else {
      // However slow the machine is: some of what is to be lost has to be there.
      await main.ready(program)
      const before = answered()
      await waitFor(() => answered() > before, 120_000)
      await sleep(between(0, 1_200))
    }
    if (kill === 6) {
      // The database alone, and the program, which is up, has to bring it back.
      main.killDatabase('all')
      await sleep(200)
      await main.ready(program)
    }
    if (kill === 10) main.killDatabase('postmaster')
    if (kill === 15 || kill === 20) main.killDatabase('all')
    program.signal('SIGKILL')
    await program.exited
    program = main.start()
  }
  const killedForMs = performance.now() - startedAt
  await main.ready(program)
  await sleep(1_000)
  await traffic.stop()
  await Promise.all(agents.map((agent) => agent.stop()))
  // Everything is taken in the end, as the platform comes again for 36 hours.
  await waitFor(() => simulator.webhooks.every(({ status }) => status === 200), 240_000)
  await repeats.stop()
  await waitFor(() => simulator.webhooks.every(({ status }) => status === 200), 240_000)

  // What the last ones to be killed had in hand is free again when its lease of 30 s ends, and what was lost twice is spread
  // over 30 s more; a send that was under way is in doubt from then on.
  // While it is killed all the time it cannot tell of a doubt either.
  const bounds = { surfacedWithinMs: 125_000 + killedForMs }
  const verdict = await atRest(async () => {
    const snapshot = await readSnapshot(main.databaseUrl(), null)
    return { ledger: simulator.ledger(), history: recorder.history, snapshot, bounds }
  })
  await reader.stop()
  t.log(`${KILLS} kills in ${Math.round(killedForMs / 1_000)} s: ${countsOf(verdict)}`)
  t.deepEqual(brokenIn(verdict), [])

  const written = (await Promise.all(tickets.map((id) => client.messages(id)))).flat()
  const statuses = Map.groupBy(
    written.filter(({ author }) => author.type === 'MEMBER'),
    ({ status }) => status,
  )
  const counts = [...statuses].map(([status, messages]) => `${messages.length} ${status}`).join(', ')
  const replies = agents.flatMap((agent) => agent.replies)
  t.log(`${replies.length} replies: ${counts}`)
  const delivered = traffic.sent() + PEOPLE
  // Whatever was in the hands of those that were killed is not blamed for it.
  t.like(verdict, { attempted: delivered, acknowledged: delivered, stored: delivered, quarantined: 0 })
  t.true(replies.length > KILLS)
  t.true((statuses.get('SENT')?.length ?? 0) > replies.length / 2)
  const [found] = await client.list<ChannelJson>('/channels')
  t.like(found?.health, { quarantined: 0, unroutable: 0, badSignatures: 0 })

  t.deepEqual(await program.end(), { code: 0, signal: null }, program.output())
  t.deepEqual(processesOn(dataDir), [])
})
