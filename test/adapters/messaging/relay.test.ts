import { randomUUID } from 'node:crypto'
import test from 'ava'
import { readNumberedPayload } from '../../../src/adapters/messaging/event-numbering.ts'
import { createRelay, type Relay } from '../../../src/adapters/messaging/relay.ts'
import { createListeners } from '../../../src/adapters/messaging/wakeup-listeners.ts'
import type { Wakeups } from '../../../src/ports/wakeups.ts'
import { needs } from './needs.ts'
import { lostWakeups, quietLog, until } from './quiet.ts'
import { type ScratchDatabase, scratchDatabase } from './scratch-database.ts'

if (needs(test, 'relay', ['TEST_DATABASE_URL'])) {
  let database: ScratchDatabase
  test.before(async () => {
    database = await scratchDatabase()
  })
  test.after.always(() => database.drop())
  test.beforeEach(() => database.sql('truncate organizations cascade').then(() => undefined))

  const anOrg = async (): Promise<string> => {
    const id = randomUUID()
    await database.sql(`insert into organizations (id, name) values ($1, 'o')`, [id])
    return id
  }
  const INSERT = `insert into event_log (org_id, type, actor_type, resource_type, resource_id, data)
    values ($1, $2, 'SYSTEM', 'message', $3, $4)`
  const values = (orgId: string, type = 'ticket.created', at = 0) => [orgId, type, randomUUID(), JSON.stringify({ at })]
  /** A writer as the application is one: dc_app, bound to its organization. */
  const writer = async (orgId: string) => {
    const client = await database.pool('dc_app', 1).connect()
    await client.query(`select set_config('app.org_id', $1, false)`, [orgId])
    return client
  }
  const relayWith = (wakeups: Wakeups = lostWakeups): Relay =>
    createRelay({ connection: database.as('dc_system'), wakeups, log: quietLog })
  const waiting = async () => (await database.sql(`select 1 from event_log where seq is null`)).length
  /** Without a gap, without a repeat, and as the counters say. */
  const broken = () =>
    database.sql(`select * from (
        select org_id, count(*) as n, count(distinct seq) as d, min(seq) as lo, max(seq) as hi from event_log where seq is not null group by org_id
      ) s left join event_counters c using (org_id) where n <> d or lo <> 1 or hi <> n or last_seq is distinct from hi`)

  test.serial(
    'D8: four writers in each of three organizations: numbers without gap or repeat, in the order of the log',
    async (t) => {
      const orgs = await Promise.all([anOrg(), anOrg(), anOrg()])
      const relays = [relayWith(), relayWith()]
      await Promise.all(relays.map((relay) => relay.start()))
      await Promise.all(
        orgs.flatMap((orgId) =>
          [0, 1, 2, 3].map(async (index) => {
            const client = await writer(orgId)
            for (let round = 0; round < 40; round++) {
              await client.query('begin')
              for (let count = 0; count < 1 + ((round + index) % 4); count++) await client.query(INSERT, values(orgId))
              if (round % 10 === index) await new Promise((resolve) => setTimeout(resolve, 30))
              await client.query(round % 9 === 8 ? 'rollback' : 'commit')
            }
            client.release()
          }),
        ),
      )
      await until(async () => (await waiting()) === 0)
      await Promise.all(relays.map((relay) => relay.stop()))
      t.deepEqual(await broken(), [])
      t.true((await database.sql('select 1 from event_log')).length > 1_000)
    },
  )

  test.serial('a transaction that commits late gets later numbers, so no cursor passes it', async (t) => {
    const orgId = await anOrg()
    const relay = relayWith()
    await relay.start()
    const [slow, quick] = [await writer(orgId), await writer(orgId)]
    await slow.query('begin')
    await slow.query(INSERT, values(orgId, 'ticket.created', 1))
    await quick.query(INSERT, values(orgId, 'ticket.created', 2))
    await until(async () => (await database.sql('select 1 from event_log where seq = 1')).length === 1)
    await slow.query('commit')
    await until(async () => (await waiting()) === 0)
    await relay.stop()
    slow.release()
    quick.release()
    t.deepEqual(await database.sql(`select id::int, seq::int, (data->>'at')::int as at from event_log order by seq`), [
      { id: (await ids())[1], seq: 1, at: 2 },
      { id: (await ids())[0], seq: 2, at: 1 },
    ])
  })
  const ids = async () =>
    (await database.sql<{ id: number }>('select id::int from event_log order by id')).map(({ id }) => id)

  test.serial(
    'D8: one leads; is its backend killed, another does within a second, and no number is lost or given twice',
    async (t) => {
      const orgId = await anOrg()
      const relays = [relayWith(), relayWith(), relayWith()]
      await Promise.all(relays.map((relay) => relay.start()))
      const client = await writer(orgId)
      let writing = true
      const written = (async () => {
        for (let count = 0; writing; count++) {
          await client.query(INSERT, values(orgId))
          if (count % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
        }
      })()
      const takeovers: number[] = []
      for (let kill = 0; kill < 8; kill++) {
        await until(() => relays.filter((relay) => relay.isLeader()).length === 1)
        await new Promise((resolve) => setTimeout(resolve, 100))
        const old = relays.findIndex((relay) => relay.isLeader())
        const killed = await database.kill(
          `pid in (select pid from pg_locks where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = '${new URL(database.url).pathname.slice(1)}'))`,
        )
        t.is(killed, 1)
        const startMs = performance.now()
        await until(() => relays[old]?.isLeader() === false)
        await until(() => relays.some((relay) => relay.isLeader()))
        takeovers.push(Math.round(performance.now() - startMs))
      }
      writing = false
      await written
      client.release()
      await until(async () => (await waiting()) === 0)
      await Promise.all(relays.map((relay) => relay.stop()))
      t.deepEqual(await broken(), [])
      t.true(Math.max(...takeovers) < 15_000, `${takeovers}`)
    },
  )

  test.serial('with all wake-ups lost events are numbered all the same', async (t) => {
    const orgId = await anOrg()
    const relay = relayWith()
    await relay.start()
    await until(() => relay.isLeader())
    const client = await writer(orgId)
    const times: number[] = []
    for (let count = 1; count <= 20; count++) {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 50))
      await client.query(INSERT, values(orgId))
      const startMs = performance.now()
      await until(async () => (await waiting()) === 0)
      times.push(performance.now() - startMs)
    }
    client.release()
    await relay.stop()
    t.is(times.length, 20)
  })

  test.serial('tells who has new numbers', async (t) => {
    const [a, b] = [await anOrg(), await anOrg()]
    const listeners = createListeners(quietLog)
    const numbered: unknown[] = []
    listeners.add('events-numbered', (payload) => numbered.push(readNumberedPayload(payload)))
    await database.sql(INSERT, values(a))
    await database.sql(INSERT, values(a))
    await database.sql(INSERT, values(b))
    const relay = relayWith({ wake: listeners.call, on: listeners.add })
    await relay.start()
    await until(() => numbered.length === 1)
    t.deepEqual(numbered, [[a, b].sort().map((orgId) => ({ orgId, lastSeq: orgId === a ? '2' : '1' }))])
    await relay.stop()
  })

  test.serial('a backlog larger than a batch is numbered whole, in the order of the log', async (t) => {
    const orgs = await Promise.all(Array.from({ length: 7 }, anOrg))
    await database.sql(
      `insert into event_log (org_id, type, actor_type, resource_type, resource_id)
       select ($1::uuid[])[1 + n % 7], 'ticket.created', 'SYSTEM', 'ticket', gen_random_uuid() from generate_series(1, 5300) n`,
      [orgs],
    )
    const relay = relayWith()
    await relay.start()
    await until(async () => (await waiting()) === 0)
    await relay.stop()
    t.deepEqual(await broken(), [])
    const backwards = `select 1 from (select id, lag(id) over (partition by org_id order by seq) as before from event_log) e
      where before > id`
    t.deepEqual(await database.sql(backwards), [], 'in the order of the log')
  })
}
