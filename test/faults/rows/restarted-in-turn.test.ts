import test from 'ava'
import { onEachProfile } from '../../support/database.ts'
import { settled } from '../../support/inbox-client.ts'
import { waitFor } from '../../support/processes.ts'
import { startAgent } from '../../support/traffic.ts'
import { startFeedReader } from '../harness/feed-reader.ts'
import { roleShop, roleStage } from './role-stage.ts'

const PEOPLE = 6
const ROUNDS = 1
/** A call takes so long, so that some are under way whenever a process ends. */
const CALL_MS = 60

onEachProfile((profile) => {
  test(`D8, D24: ${profile}: outbound and relay processes, two of each, are restarted in turn: no reply is in doubt, none is doubled, and readers hear each event once`, async (t) => {
    t.timeout(180_000)
    const stage = await roleStage(t, profile)
    const { simulator, sql } = stage
    await stage.begin('api', 'inbound')
    const roles = ['outbound', 'relay', 'outbound', 'relay'] as const
    const running = await Promise.all(roles.map((role) => stage.begin(role)))
    const shop = await roleShop(stage)
    const people = Array.from({ length: PEOPLE }, () => shop.write())
    const tickets = await Promise.all(people.map((who) => shop.ticketOf(who)))
    // An echo would end a doubt before anybody looks.
    simulator.fault({ kind: 'echo-withheld' }, { times: 'always' })
    simulator.fault({ kind: 'latency', delayMs: CALL_MS }, { on: 'send', times: 'always' })
    const reader = startFeedReader(shop.recorder, shop.client, { everyMs: 50 })
    t.teardown(() => reader.stop())
    const agents = ['ann', 'bob'].map((name) =>
      startAgent(t, shop.recorder, shop.client, name, () => tickets, { everyMs: 20 }),
    )
    const posted = () => agents.reduce((sum, { replies }) => sum + replies.length, 0)

    let underWay = 0
    for (let turn = 0; turn < ROUNDS * roles.length; turn++) {
      const before = posted()
      await waitFor(() => posted() > before + 2)
      const [row] = await sql<{ n: number }>(`select count(*)::int as n from messages where status = 'SENDING'`)
      underWay += row?.n ?? 0
      const which = turn % roles.length
      await running[which]?.end()
      running[which] = await stage.begin(roles[which] as (typeof roles)[number])
    }
    await Promise.all(agents.map((agent) => agent.stop()))

    for (const { message } of agents.flatMap(({ replies }) => replies)) {
      const taken = message()
      if (taken) t.is((await settled(shop.client, taken, ['SENT', 'FAILED', 'UNKNOWN'], 60_000)).status, 'SENT')
    }
    await waitFor(async () => (await shop.broken()).length === 0, 60_000).catch(() => {})
    await reader.stop()
    t.deepEqual(await shop.broken(), [])
    const doubts = await sql(
      `select 1 from event_log where type = 'message.status_changed' and data ->> 'to' = 'UNKNOWN'`,
    )
    t.deepEqual(doubts, [])
    const [numbers] = await sql<{ all: number; last: number; told: number }>(
      'select count(*)::int as all, max(seq)::int as last, count(seq)::int as told from event_log where org_id = $1',
      [shop.client.orgId],
    )
    t.deepEqual(numbers, { all: numbers?.last ?? 0, last: numbers?.last ?? 0, told: numbers?.last ?? 0 })
    t.true(underWay > 0, 'nothing was under way at any restart')
    t.log(`${ROUNDS * roles.length} restarts, ${posted()} replies, ${underWay} under way as a process ended`)
  })
})
