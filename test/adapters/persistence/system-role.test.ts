import test from 'ava'
import type { Client } from 'pg'
import { asSystem, inOrganization, type Orm } from '../../../src/adapters/persistence/transaction.ts'
import { codeOf } from '../../../src/adapters/postgres-kit/errors.ts'
import type { OrgId } from '../../../src/core/ids.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../../support/database.ts'
import { seedEveryTable } from '../../support/every-table.ts'
import { onServer } from '../../support/template.ts'

/** Everything that dc_system may read, by column. Whoever adds to it says here why. */
const READABLE: Record<string, string[] | 'all'> = {
  // Who somebody is, and where they belong, before they are signed in.
  organizations: 'all',
  users: 'all',
  sessions: 'all',
  memberships: 'all',
  // What somebody is invited to, by the hash of what they were given.
  invitations: 'all',
  // Who may choose a new password, by the hash of what they were sent.
  password_resets: 'all',
  // Whose key it is that a program shows, as its hash, and what it is limited to.
  api_keys: 'all',
  api_key_channels: 'all',
  // A channel by its id alone, its secrets sealed, its counters and pauses.
  channels: 'all',
  channel_secrets: 'all',
  channel_health: 'all',
  channel_pauses: 'all',
  // Which apps wait; it has no organization.
  app_pauses: 'all',
  // Whose account it is, for bodies that come for a whole app.
  account_bindings: ['type', 'account', 'alias', 'granted_by', 'org_id', 'channel_id'],
  // The queue, the numbering of events and the lanes: ids, states and times.
  jobs: 'all',
  delivery_trials: 'all',
  // What came for accounts that nobody has connected: there is no organization whose it could be.
  unclaimed_entries: 'all',
  event_counters: 'all',
  send_lanes: 'all',
  event_log: ['id', 'org_id', 'seq', 'type', 'resource_type', 'resource_id', 'ticket_id', 'occurred_at'],
  // How many replies are in doubt.
  messages: ['status'],
  // Which replies have been in doubt for so long that people are to be told, wherever they are.
  message_parts: ['id', 'org_id', 'status', 'unconfirmed_at'],
  send_attempts: ['finished_at', 'org_id', 'part_id', 'started_at'],
  // What housekeeping finds the old ones by.
  raw_events: ['id', 'org_id', 'received_at'],
  idempotency_keys: ['org_id', 'created_at'],
  early_edits: ['org_id', 'created_at'],
  early_reads: ['org_id', 'created_at'],
  uploads: ['id', 'org_id', 'expires_at'],
  export_files: ['export_id', 'org_id', 'expires_at'],
  // Which channel is to be swept, and when an account may be asked next.
  channel_sweeps: ['channel_id', 'next_at', 'org_id'],
  channel_tokens: ['channel_id', 'next_check_at', 'org_id'],
  account_paces: 'all',
  schema_migration: 'all',
}

const readable = async (client: Client) => {
  const { rows } = await client.query<{ table: string; columns: string[]; whole: boolean }>(`
    select c.relname as table, jsonb_agg(a.attname order by a.attnum) as columns,
      has_table_privilege('dc_system', c.oid, 'select') as whole
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
      and has_column_privilege('dc_system', c.oid, a.attnum, 'select')
    group by c.oid, c.relname`)
  return rows
}

onEachProfile((profile) => {
  let db: TestDatabase
  let orm: Orm
  let orgId: OrgId
  test.before(async () => {
    db = await testDatabase(profile)
    orm = db.orm({ poolSize: 2 })
    orgId = await seedEveryTable(orm)
  })
  test.after.always(() => db.close())

  test(`${profile}: the system role reads what the list allows, and nothing else`, async (t) => {
    const found = await onServer(db.admin, readable)
    for (const { table, columns, whole } of found) {
      const allowed = READABLE[table]
      if (allowed === 'all') continue
      t.false(whole, table)
      t.deepEqual([...columns].sort(), [...(allowed ?? [])].sort(), table)
    }
    t.deepEqual(found.map(({ table }) => table).sort(), Object.keys(READABLE).sort())
  })

  test(`${profile}: the system role cannot read what people write`, async (t) => {
    for (const wanted of [
      'content from messages',
      'context from messages',
      'url from attachments',
      'body from raw_events',
      'file_name from uploads',
      'bytes from upload_chunks',
      'bytes from export_chunks',
      'customer_id from exports',
      'last_message_preview from tickets',
      'display_name from customers',
      'username from customer_identities',
      'data from event_log',
      'recipient_id from event_log',
      'body from idempotency_keys',
      'action from audit_log',
      'id from notifications',
    ]) {
      const error = await t.throwsAsync(
        asSystem(orm, (tx) => tx.rows(`select ${wanted}`)),
        undefined,
        wanted,
      )
      t.is(codeOf(error), '42501', wanted)
    }
  })

  test(`${profile}: the system role finds across organizations what it may read`, async (t) => {
    await seedEveryTable(orm)
    await asSystem(orm, async (tx) => {
      for (const table of ['channels', 'memberships', 'event_log', 'send_lanes', 'channel_health', 'event_counters']) {
        const [row] = await tx.rows<{ n: string }>(`select count(distinct org_id) as n from ${table}`)
        t.true(Number(row?.n) >= 2, table)
      }
    })
  })

  test(`${profile}: numbering is all the system role changes in the event log`, async (t) => {
    await t.notThrowsAsync(asSystem(orm, (tx) => tx.affected('update event_log set seq = null where seq is null')))
    const error = await t.throwsAsync(asSystem(orm, (tx) => tx.affected(`update event_log set type = 'x'`)))
    t.is(codeOf(error), '42501')
  })

  test(`S125: ${profile}: the audit log only grows: neither role changes it, takes from it or empties it`, async (t) => {
    for (const wanted of [`update audit_log set action = 'x'`, 'delete from audit_log', 'truncate audit_log']) {
      for (const run of [
        () => inOrganization(orm, orgId, (tx) => tx.affected(wanted)),
        () => asSystem(orm, (tx) => tx.affected(wanted)),
      ]) {
        t.is(codeOf(await t.throwsAsync(run())), '42501', wanted)
      }
    }
  })

  test(`${profile}: an organization enqueues jobs, and reads none`, async (t) => {
    const insert = `insert into jobs (id, queue, payload) values (gen_random_uuid(), 'q', '')`
    t.is(await inOrganization(orm, orgId, (tx) => tx.affected(insert)), 1)
    for (const table of ['jobs', 'users', 'sessions', 'unclaimed_entries']) {
      const error = await t.throwsAsync(
        inOrganization(orm, orgId, (tx) => tx.rows(`select * from ${table}`)),
        undefined,
        table,
      )
      t.is(codeOf(error), '42501', table)
    }
  })

  test(`${profile}: neither role makes or drops anything`, async (t) => {
    for (const run of [asSystem, (o: Orm, w: Parameters<typeof asSystem>[1]) => inOrganization(o, orgId, w)]) {
      for (const text of [
        'create table x ()',
        'drop table messages',
        'alter table messages disable row level security',
        'create role x',
      ]) {
        const error = await t.throwsAsync(
          run(orm, (tx) => tx.rows(text)),
          undefined,
          text,
        )
        t.is(codeOf(error), '42501', text)
      }
    }
  })
})
