import test from 'ava'
import { asSystem, inOrganization, type Orm, type Tx } from '../../src/adapters/persistence/transaction.ts'
import type { OrgId } from '../../src/core/ids.ts'
import { tablesOfOrganizations } from '../support/catalogue.ts'
import { connectStage } from '../support/connect-stage.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { seedEveryTable } from '../support/every-table.ts'
import { connect, signUp, ticketOf } from '../support/inbox-client.ts'
import { onServer } from '../support/template.ts'
import { inParallel } from './tenancy/calls.ts'

const REQUESTS = 1_000
const AT_ONCE = 16

onEachProfile((profile) => {
  let db: TestDatabase
  let orm: Orm
  let a: OrgId
  let b: OrgId
  let tables: readonly string[]

  test.before(async () => {
    db = await testDatabase(profile)
    // Whatever a transaction leaves behind, the next one gets it.
    orm = db.orm({ poolSize: 2 })
    a = await seedEveryTable(orm)
    b = await seedEveryTable(orm)
    tables = (await onServer(db.admin, tablesOfOrganizations)).map(({ table }) => table)
  })
  test.after.always(() => db?.close())

  /** By table, the rows that a statement outside of a unit of work sees on one of the two connections. */
  const visibleWithoutContext = async (): Promise<Record<string, number>> => {
    const counts = await Promise.all(
      tables.map(async (table) => {
        const [row] = await orm.em
          .fork()
          .execute<[{ who: string; n: number }]>(`select current_user::text as who, count(*)::int as n from ${table}`)
        if (row.who !== 'dc_app') throw new Error(`asked as ${row.who}`)
        return [table, row.n] as const
      }),
    )
    return Object.fromEntries(counts.filter(([, n]) => n > 0))
  }

  test.serial(`S16: ${profile}: no rows without an organization, nor after transactions that had one`, async (t) => {
    t.deepEqual(await visibleWithoutContext(), {})
    for (let round = 0; round < 4; round++) {
      await Promise.all([a, b].map((orgId) => inOrganization(orm, orgId, (tx) => tx.rows('select pg_sleep(0.01)'))))
      t.deepEqual(await visibleWithoutContext(), {})
    }
  })

  test.serial(`S16, B17: ${profile}: no rows either after transactions that failed`, async (t) => {
    await t.throwsAsync(inOrganization(orm, a, (tx) => tx.rows('select 1 / 0')))
    await t.throwsAsync(
      inOrganization(orm, a, () => Promise.reject(new Error('no'))),
      { message: 'no' },
    )
    await t.throwsAsync(asSystem(orm, (tx) => tx.rows('select 1 / 0')))
    t.deepEqual(await visibleWithoutContext(), {})
  })

  /** How a unit of work ends. Every other one is as it should be. */
  const endings: readonly ((tx: Tx, end: (how: string) => Promise<unknown>) => Promise<unknown>)[] = [
    async () => {},
    (tx) => tx.rows('select 1 / 0'),
    async () => {},
    () => Promise.reject(new Error('planted')),
    async () => {},
    (tx, end) => Promise.all([tx.rows('select pg_sleep(1)'), end('pg_cancel_backend')]),
    async () => {},
    (tx, end) => Promise.all([tx.rows('select pg_sleep(1)'), end('pg_terminate_backend')]),
  ]

  test.serial(
    `S18, B17: ${profile}: a thousand units of work on two connections, some failing, cancelled or cut off, see no foreign row`,
    async (t) => {
      t.timeout(110_000)
      const wrong: string[] = []
      const ended = { well: 0, badly: 0 }
      await onServer(db.admin, async (admin) => {
        const one = async (at: number) => {
          const orgId = at % 2 === 0 ? a : b
          const table = tables[at % tables.length]
          const look = async (tx: Tx) => {
            const seen = await tx.rows<{ org_id: string }>(`select distinct org_id from ${table}`)
            const isOwn = seen.length === 1 && seen[0]?.org_id === orgId
            if (!isOwn) wrong.push(`${at}: ${table} ${JSON.stringify(seen)}`)
          }
          const ending = endings[Math.floor(at / 2) % endings.length]!
          try {
            await inOrganization(orm, orgId, async (tx) => {
              await look(tx)
              const [{ pid } = { pid: 0 }] = await tx.rows<{ pid: number }>('select pg_backend_pid() as pid')
              await ending(tx, (how) => admin.query(`select pg_sleep(0.005), ${how}($1)`, [pid]))
              await look(tx)
            })
            ended.well += 1
          } catch {
            ended.badly += 1
          }
        }
        await inParallel([...Array(REQUESTS).keys()], AT_ONCE, one)
      })
      t.deepEqual(wrong, [])
      // A connection that was cut off may take the next one on it along.
      t.true(ended.well > REQUESTS * 0.4 && ended.badly > REQUESTS * 0.4, JSON.stringify(ended))
      t.deepEqual(await visibleWithoutContext(), {})
      t.log(`${ended.well} ended well, ${ended.badly} did not`)
    },
  )

  test.serial(
    `S18: ${profile}: a thousand requests of two organizations to a program with two connections, some cut off, get no foreign row`,
    async (t) => {
      t.timeout(300_000)
      const stage = await connectStage(profile, { DATABASE_POOL_SIZE: '2' })
      t.teardown(() => stage.close())
      const shops = await Promise.all(
        ['amber', 'cobalt'].map(async (word) => {
          const client = await signUp(stage.url)
          const { account } = await connect(client, stage.simulator)
          const who = stage.simulator.customer({ account })
          await stage.simulator.dm(who, `the sentinel ${word}`)
          const ticket = await ticketOf(client, who)
          return { client, word, ticket }
        }),
      )
      const wrong: string[] = []
      const answers = { whole: 0, cut: 0, busy: 0 }
      await inParallel([...Array(REQUESTS).keys()], AT_ONCE, async (at) => {
        const [mine, theirs] = at % 2 === 0 ? [shops[0]!, shops[1]!] : [shops[1]!, shops[0]!]
        const paths = ['/tickets', `/tickets/${mine.ticket.id}/messages`, '/customers', '/channels', '/notifications']
        const path = `/orgs/${mine.client.orgId}${paths[Math.floor(at / 2) % paths.length]}`
        const isCut = at % 7 < 2
        const late = isCut ? { signal: AbortSignal.timeout(1 + (at % 23)) } : {}
        try {
          const headers = { authorization: `Bearer ${mine.client.accessToken}` }
          const answer = await fetch(`${stage.url}${path}`, { headers, ...late })
          const text = await answer.text()
          const { orgId } = theirs.client
          const isForeign = [orgId, theirs.ticket.id, theirs.ticket.customerId, theirs.word].some((id) =>
            text.includes(id),
          )
          // On a busy machine one waits longer for a connection than one may.
          const isBusy = answer.status === 503 && answer.headers.has('retry-after')
          if (isBusy) answers.busy += 1
          const isOwn = isBusy || (answer.status === 200 && JSON.parse(text).data.length > 0)
          if (isForeign || !isOwn) wrong.push(`${path}: ${answer.status} ${text}`)
          answers.whole += 1
        } catch (error) {
          if (!isCut) wrong.push(`${path}: ${error}`)
          answers.cut += 1
        }
      })
      t.deepEqual(wrong, [])
      t.true(answers.cut > 30 && answers.busy < REQUESTS / 4, JSON.stringify(answers))
      t.log(`${answers.whole} answered, ${answers.busy} of them 503, ${answers.cut} cut off`)
    },
  )
})
