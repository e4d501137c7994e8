import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import test from 'ava'
import type { Client } from 'pg'
import { migrate } from '../../../src/adapters/persistence/database.ts'
import { RolesMissing } from '../../../src/adapters/persistence/database-errors.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../../support/database.ts'
import { emptyDatabase } from '../../support/empty-database.ts'
import { onServer } from '../../support/template.ts'

const FOLDER = new URL('../../../src/adapters/persistence/migrations/', import.meta.url)
/** The last one before any that changes rows. */
const BEFORE = '0007-media'
const AT = new Date('2026-03-01T12:00:00.000Z')
const EDITED = new Date('2026-03-01T12:05:00.000Z')

/** Rows by name, since ids are in every table. */
const insert = (client: Client, table: string, row: Readonly<Record<string, unknown>>) =>
  client.query(
    `insert into ${table} (${Object.keys(row).join()}) values (${Object.keys(row).map((_, index) => `$${index + 1}`)})`,
    Object.values(row),
  )

/** What an organization had before: a person who wrote and was named, and replies that were sent, edited and are waiting. */
async function seedOld(client: Client, name: string): Promise<string> {
  const id = {
    org: randomUUID(),
    channel: randomUUID(),
    api: randomUUID(),
    customer: randomUUID(),
    conversation: randomUUID(),
    ticket: randomUUID(),
  }
  const org = { org_id: id.org }
  const place = { ...org, channel_id: id.channel }
  await insert(client, 'organizations', { id: id.org, name })
  const channel = { ...org, name, status: 'ACTIVE', account: `account of ${name}` }
  const settings = JSON.stringify({ login: 'facebook' })
  await insert(client, 'channels', {
    ...channel,
    id: id.channel,
    type: 'INSTAGRAM',
    platform: 'INSTAGRAM',
    settings,
    created_at: AT,
  })
  await insert(client, 'channel_secrets', { ...place, name: 'accessToken', sealed: 'sealed' })
  const second = { ...channel, account: `second account of ${name}` }
  await insert(client, 'channels', { ...second, id: randomUUID(), type: 'INSTAGRAM', platform: 'INSTAGRAM' })
  await insert(client, 'channels', { ...channel, id: id.api, type: 'API', platform: 'API' })
  await insert(client, 'customers', { ...place, id: id.customer, last_seen_at: AT })
  const identity = { ...place, customer_id: id.customer, profile_at: AT }
  await insert(client, 'customer_identities', { ...identity, id: randomUUID(), external_id: 'a', username: name })
  await insert(client, 'customer_identities', { ...identity, id: randomUUID(), external_id: 'b', name })
  await insert(client, 'conversations', {
    ...place,
    id: id.conversation,
    customer_id: id.customer,
    surface: 'DM',
    external_key: 'a',
  })
  await insert(client, 'tickets', {
    ...place,
    id: id.ticket,
    number: 1,
    customer_id: id.customer,
    conversation_id: id.conversation,
    platform: 'INSTAGRAM',
    kind: 'DM',
    status: 'OPEN',
    last_message_at: AT,
  })
  const inbound = { direction: 'INBOUND', author_type: 'CUSTOMER', via: 'PLATFORM', status: 'RECEIVED' }
  const outbound = { direction: 'OUTBOUND', author_type: 'MEMBER', via: 'INBOX' }
  const messages: readonly Readonly<Record<string, unknown>>[] = [
    { ...inbound, content: `${name} asks` },
    { ...outbound, status: 'SENT', content: `${name} answers`, position: 1, edited_at: EDITED, edit_revision: 2 },
    { ...outbound, status: 'QUEUED', content: `${name} waits`, position: 2 },
  ]
  for (const row of messages) {
    const message = randomUUID()
    const about = { ticket_id: id.ticket, conversation_id: id.conversation, kind: 'TEXT', sent_at: AT }
    await insert(client, 'messages', { ...org, ...about, ...row, id: message })
    const part = { ...place, id: randomUUID(), message_id: message, position: 0, status: row['status'] }
    await insert(client, 'message_parts', part)
  }
  const enqueue = (queue: string, payload: string) =>
    insert(client, 'jobs', { id: randomUUID(), queue, payload: Buffer.from(payload) })
  await enqueue('profile-lookup', JSON.stringify({ orgId: id.org, note: '\0' }))
  await enqueue('history-sweep', JSON.stringify({ orgId: id.org }).replace(':', ': '))
  return id.org
}

const of = async (client: Client, orgId: string) => {
  const rows = async (text: string) => (await client.query<Record<string, unknown>>(text, [orgId])).rows
  return {
    parts: await rows(
      `select p.kind, p.content, p.lane_position::int as lane, p.conversation_id = m.conversation_id as in_place, p.sent_at, p.edited_at, p.edit_revision, p.status
       from message_parts p join messages m on m.id = p.message_id where p.org_id = $1 order by m.position nulls first`,
    ),
    apps: await rows('select type, app from channels where org_id = $1 order by type, app'),
    tokens: await rows(
      `select c.account, k.set_at, k.expires_at from channel_tokens k join channels c on c.id = k.channel_id where k.org_id = $1`,
    ),
    jobs: await rows('select queue from jobs where org_id = $1 order by queue'),
    names: await rows(
      'select username, username_at, name, name_at from customer_identities where org_id = $1 order by external_id',
    ),
  }
}

const expected = (name: string) => ({
  parts: [
    {
      ...{ kind: null, content: null, lane: null, in_place: null },
      ...{ sent_at: null, edited_at: null, edit_revision: 0, status: 'RECEIVED' },
    },
    {
      ...{ kind: 'TEXT', content: `${name} answers`, lane: 1, in_place: true },
      ...{ sent_at: AT, edited_at: EDITED, edit_revision: 2, status: 'SENT' },
    },
    {
      ...{ kind: 'TEXT', content: `${name} waits`, lane: 2, in_place: true },
      ...{ sent_at: null, edited_at: null, edit_revision: 0, status: 'QUEUED' },
    },
  ],
  apps: [
    { type: 'API', app: null },
    { type: 'INSTAGRAM', app: 'INSTAGRAM facebook' },
    { type: 'INSTAGRAM', app: 'INSTAGRAM instagram' },
  ],
  // As old as the channel, for all that is known; the channels without a token have none.
  tokens: [{ account: `account of ${name}`, set_at: AT, expires_at: null }],
  jobs: [{ queue: 'history-sweep' }, { queue: 'profile-lookup' }],
  names: [
    { username: name, username_at: AT, name: null, name_at: null },
    { username: null, username_at: null, name, name_at: AT },
  ],
})

test('the migrations that change rows are those that are tried out here', (t) => {
  const changing = readdirSync(FOLDER).filter((file) =>
    /^\s*(update|insert into|delete from) /m.test(withoutFunctions(readFileSync(new URL(file, FOLDER), 'utf8'))),
  )
  t.deepEqual(changing.toSorted(), [
    '0008-parts.ts',
    '0010-doubt.ts',
    '0013-names-by-time.ts',
    '0015-channel-tokens.ts',
    '0029-dead-letters.ts',
  ])
})

/** A function changes rows when it is called. */
const withoutFunctions = (text: string) => text.replace(/\$\$.*?\$\$/gs, '')

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db?.close())

  test(`${profile}: the rows of two organizations are brought along by an owner that is no superuser, each its own`, async (t) => {
    const { target, drop } = await emptyDatabase(db, '')
    try {
      const missing = await t.throwsAsync(migrate(target), { instanceOf: RolesMissing })
      await onServer(db.admin, async (client) => {
        for (const statement of missing?.statements ?? []) await client.query(statement)
      })
      await migrate(target, { upTo: BEFORE })
      const names = ['Acme', 'Borealis']
      await onServer(target, async (client) => {
        for (const [queue, payload] of [
          ['inbound', '{"orgId":"x"}'],
          ['reaction', 'nothing that is JSON'],
        ])
          await insert(client, 'jobs', { id: randomUUID(), queue, payload })
      })
      const orgs = await onServer(target, async (client) => {
        const { rows } = await client.query('select rolsuper, rolbypassrls from pg_roles where rolname = current_user')
        t.deepEqual(rows, [{ rolsuper: false, rolbypassrls: false }])
        return [await seedOld(client, 'Acme'), await seedOld(client, 'Borealis')]
      })
      t.true((await migrate(target)).applied > 0)
      await onServer(target, async (client) => {
        for (const [index, org] of orgs.entries()) t.deepEqual(await of(client, org), expected(names[index] ?? ''))
      })
    } finally {
      await drop()
    }
  })
})
