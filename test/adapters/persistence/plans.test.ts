import { EventEmitter } from 'node:events'
import test from 'ava'
import type { Pool } from 'pg'
import { applyUnsends } from '../../../src/adapters/persistence/stores/change-messages.ts'
import { deriveTickets } from '../../../src/adapters/persistence/stores/derive-tickets.ts'
import { knownMessages } from '../../../src/adapters/persistence/stores/load-intake.ts'
import { moveLastSeen, moveWindows } from '../../../src/adapters/persistence/stores/move-forward.ts'
import { lookUpThreads, openConversations } from '../../../src/adapters/persistence/stores/open-conversations.ts'
import { inOrganization, type Orm, type Tx } from '../../../src/adapters/persistence/transaction.ts'
import { keepPlans } from '../../../src/adapters/postgres-kit/plans.ts'
import type { Thread } from '../../../src/core/channel/inbound-event.ts'
import type { ExternalMessageId, OrgId } from '../../../src/core/ids.ts'
import type { IntakeRequest } from '../../../src/ports/intake-store.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../../support/database.ts'
import { ids, seedChannel, seedOrganization } from '../../support/seed.ts'
import { seedThread } from '../../support/seed-inbox.ts'
import { onServer } from '../../support/template.ts'

const ENTRIES_READ = `select sum(pg_stat_get_xact_tuples_returned(indexrelid))::int as entries from pg_index where indrelid = any($1::regclass[])`
const PREPARED = `select statement from pg_prepared_statements where statement like '%/* mine */%'`
/** What a plan that reads all there is would read. */
const GROWN = 2_000
/** A handful of look-ups, each of a few entries. */
const FEW = 60

test('plans are made anew when a connection was taken twice as often as before', async (t) => {
  const pool = new EventEmitter()
  const said: string[] = []
  const client = { query: async (text: string) => void said.push(text) }
  keepPlans(pool as Pool, 60_000)
  pool.emit('connect', client)
  const anew: number[] = []
  for (let use = 1; use <= 70; use++) {
    pool.emit('acquire', client)
    if (said.length > 0) anew.push(use)
    t.true(said.splice(0).every((text) => text === 'discard plans'))
  }
  t.deepEqual(anew, [5, 9, 17, 33, 65])
})

onEachProfile((profile) => {
  let db: TestDatabase
  let orm: Orm
  let orgId: OrgId
  test.before(async () => {
    db = await testDatabase(profile)
    orm = db.orm({ poolSize: 1 })
    orgId = (await seedOrganization(orm)).orgId
  })
  test.after.always(() => db.close())

  const rows = (text: string, params: readonly unknown[]) => inOrganization(orm, orgId, (tx) => tx.rows(text, params))
  const prepared = () => inOrganization(orm, orgId, (tx) => tx.rows<{ statement: string }>(PREPARED))

  test.serial(`${profile}: a statement is prepared from its third run on, and says the same then`, async (t) => {
    const text = 'select $1::int + 1 as next /* mine */'
    for (const n of [1, 2, 3, 4, 5, 6, 7, 8]) {
      t.deepEqual(await rows(text, [n]), [{ next: n + 1 }])
      t.is((await prepared()).length, n < 3 ? 0 : 1)
    }
  })

  test.serial(`${profile}: what has all columns of a table goes on when a migration adds one`, async (t) => {
    const text = 'select m.* from memberships m where m.org_id = $1 /* mine */'
    for (let n = 0; n < 8; n++) t.is((await rows(text, [orgId])).length, 1)
    await onServer(db.admin, (client) => client.query('alter table memberships add column added_meanwhile int'))
    t.true('added_meanwhile' in ((await rows(text, [orgId]))[0] as object))
    await onServer(db.admin, (client) => client.query('alter table memberships drop column added_meanwhile'))
  })

  test.serial(`${profile}: however many statements there are, a bounded number is kept`, async (t) => {
    for (let n = 0; n < 400; n++) for (let run = 0; run < 3; run++) await rows(`select $1::int + ${n} /* mine */`, [1])
    const { length } = await prepared()
    t.true(length > 0 && length <= 300, `${length}`)
  })

  test.serial(`${profile}: of a channel that grew, a batch reads what it is about`, async (t) => {
    const channelId = await seedChannel(orm, orgId)
    const seeded = await seedThread(orm, orgId, channelId)
    await inOrganization(orm, orgId, (tx) => grow(tx))
    const [known] = await inOrganization(orm, orgId, (tx) =>
      tx.rows<{ external_id: ExternalMessageId; person: string; key: string }>(
        `select p.external_id, i.external_id as person, v.external_key as key
         from message_parts p join messages m on m.org_id = p.org_id and m.id = p.message_id
         join conversations v on v.org_id = m.org_id and v.id = m.conversation_id
         join customer_identities i on i.org_id = v.org_id and i.customer_id = v.customer_id where p.message_id = $1`,
        [seeded.messageId],
      ),
    )
    if (!known) return t.fail('nothing was seeded')
    const thread = {
      ...{ surface: 'DM', key: known.key, at: new Date() },
      person: { externalId: known.person, username: null, name: null },
    } as unknown as Thread & { at: Date }
    const request = { channelId, arrived: [known.external_id], spokenOf: [] } as unknown as IntakeRequest
    const { conversationId, customerId, ticketId } = seeded
    const at = new Date()
    const named = { externalId: thread.person.externalId, username: { is: 'ann', at }, name: null }
    const looked: Asked = {
      known: (tx) => knownMessages(tx, request),
      conversations: (tx) => lookUpThreads(tx, channelId, [thread]),
    }
    const changed: Asked = {
      windows: (tx) => moveWindows(tx, [{ conversationId, openedAt: at, reason: 'MESSAGE' }]),
      'last seen': (tx) => moveLastSeen(tx, { seen: [{ customerId, at }], heardOf: [] }),
      names: async (tx) =>
        openConversations(
          tx,
          ids,
          channelId,
          { threads: [thread], names: [named] },
          await lookUpThreads(tx, channelId, [thread]),
        ),
      tickets: (tx) => deriveTickets(tx, [ticketId], at),
      'taken back': (tx) => applyUnsends(tx, [{ ...seeded, isOurs: false, at }]),
    }
    const readsFew = async (asked: Asked) => {
      for (const [what, ask] of Object.entries(asked)) {
        const read = await inOrganization(orm, orgId, async (tx) => {
          const entries = async () =>
            (await tx.rows<{ entries: number }>(ENTRIES_READ, [GROWN_TABLES]))[0]?.entries ?? 0
          const before = await entries()
          await ask(tx)
          return (await entries()) - before
        })
        t.true(read > 0 && read < FEW, `${what}: ${read} entries of indexes`)
      }
    }
    // Whatever the planner believes, and where it knows.
    await readsFew(looked)
    await onServer(db.admin, (client) => client.query(`analyze ${GROWN_TABLES.join(', ')}`))
    await readsFew({ ...looked, ...changed })
  })
})

type Asked = Readonly<Record<string, (tx: Tx) => unknown>>

const GROWN_TABLES = ['customers', 'customer_identities', 'conversations', 'tickets', 'messages', 'message_parts']

/** Everything once more, under other ids, so that each refers to what is its own. Nobody tells the planner. */
async function grow(tx: Tx): Promise<void> {
  const other = (id: string) => `md5(${id}::text || n::text)::uuid`
  const copies = `generate_series(1, ${GROWN}) n`
  const copy = (table: string, changes: string) =>
    tx.affected(
      `insert into ${table} select (jsonb_populate_record(null::${table}, to_jsonb(o) || jsonb_build_object(${changes}))).* from ${table} o, ${copies}`,
    )
  await copy('customers', `'id', ${other('o.id')}`)
  await copy(
    'customer_identities',
    `'id', ${other('o.id')}, 'customer_id', ${other('o.customer_id')}, 'external_id', o.external_id || n`,
  )
  await copy(
    'conversations',
    `'id', ${other('o.id')}, 'customer_id', ${other('o.customer_id')}, 'external_key', o.external_key || n`,
  )
  await copy(
    'tickets',
    `'id', ${other('o.id')}, 'customer_id', ${other('o.customer_id')}, 'conversation_id', ${other('o.conversation_id')}, 'number', 1000 + n`,
  )
  await copy(
    'messages',
    `'id', ${other('o.id')}, 'ticket_id', ${other('o.ticket_id')}, 'conversation_id', ${other('o.conversation_id')}, 'external_id', o.external_id || n`,
  )
  await copy(
    'message_parts',
    `'id', ${other('o.id')}, 'message_id', ${other('o.message_id')}, 'external_id', o.external_id || n`,
  )
}
