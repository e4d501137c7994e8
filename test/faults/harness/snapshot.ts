import pg from 'pg'
import { type QueueContents, readQueues } from './snapshot-queues.ts'

/** All that the system holds at one moment, of all organizations. Row-level security is no matter: a superuser reads it. */
export type Snapshot = Readonly<{
  /** The database's own time. */
  takenAt: Date
  members: readonly Readonly<{ id: string; orgId: string; createdAt: Date }>[]
  channels: readonly Readonly<{ id: string; orgId: string; account: string }>[]
  identities: readonly Readonly<{
    id: string
    orgId: string
    channelId: string
    customerId: string
    externalId: string
  }>[]
  customers: readonly Readonly<{ id: string; orgId: string; channelId: string }>[]
  conversations: readonly Readonly<{
    id: string
    orgId: string
    channelId: string
    customerId: string
    surface: string
    externalKey: string
  }>[]
  tickets: readonly Readonly<{
    id: string
    orgId: string
    conversationId: string
    customerId: string
    status: string
  }>[]
  messages: readonly StoredMessage[]
  parts: readonly StoredPart[]
  attempts: readonly Readonly<{
    partId: string
    number: number
    startedAt: Date
    finishedAt: Date | null
    outcome: string | null
  }>[]
  lanes: readonly Readonly<{ conversationId: string; orgId: string; state: string; notBefore: Date }>[]
  notifications: readonly Readonly<{ id: string; orgId: string; memberId: string; messageId: string | null }>[]
  events: readonly StoredEvent[]
  rawEvents: readonly Readonly<{ id: string; orgId: string; channelId: string; status: string }>[]
  /** What was put aside, in `quarantine`, as a dead job or in the broker's dead-letter queue: with the bytes of its body. */
  putAside: readonly Readonly<{
    where: 'quarantine' | 'dead job' | 'dead-letter queue'
    orgId: string | null
    reason: string
    body: string
  }>[]
  jobs: readonly Readonly<{
    id: string
    queue: string
    state: string
    runAt: Date
    attempt: number
    reason: string | null
  }>[]
  /** The broker's; empty where there is none. A message that a consumer holds is not counted by the broker. */
  queues: readonly QueueContents[]
}>

export type StoredMessage = Readonly<{
  id: string
  orgId: string
  ticketId: string
  conversationId: string
  direction: 'INBOUND' | 'OUTBOUND'
  status: string
  content: string | null
  authorType: string
  externalId: string | null
  resendOf: string | null
  historical: boolean
  sentAt: Date
  createdAt: Date
  deletedAt: Date | null
}>

/** One message on the platform: most messages are one part. */
export type StoredPart = Readonly<{
  id: string
  orgId: string
  messageId: string
  channelId: string
  /** Its place in the conversation's line; null for what was not sent here. */
  lanePosition: number | null
  externalId: string | null
  status: string
  /** When readers were told that nobody knows what became of it. */
  unconfirmedAt: Date | null
}>

export type StoredEvent = Readonly<{
  id: number
  publicId: string
  orgId: string
  /** Null until the relay has numbered it. */
  seq: number | null
  type: string
  recipientId: string | null
  resourceType: string
  resourceId: string
  data: Readonly<Record<string, unknown>>
  occurredAt: Date
}>

const QUERIES = {
  members: `select id, org_id as "orgId", created_at as "createdAt" from memberships where active`,
  channels: `select id, org_id as "orgId", account from channels`,
  identities: `select id, org_id as "orgId", channel_id as "channelId", customer_id as "customerId",
    external_id as "externalId" from customer_identities`,
  customers: `select id, org_id as "orgId", channel_id as "channelId" from customers`,
  conversations: `select id, org_id as "orgId", channel_id as "channelId", customer_id as "customerId", surface,
    external_key as "externalKey" from conversations`,
  tickets: `select id, org_id as "orgId", conversation_id as "conversationId", customer_id as "customerId", status from tickets`,
  // In the order in which a ticket shows them.
  messages: `select id, org_id as "orgId", ticket_id as "ticketId", conversation_id as "conversationId", direction, status,
    content, author_type as "authorType", external_id as "externalId", resend_of as "resendOf", historical,
    sent_at as "sentAt", created_at as "createdAt", deleted_at as "deletedAt" from messages order by sent_at, external_id, id`,
  parts: `select id, org_id as "orgId", message_id as "messageId", channel_id as "channelId",
    lane_position::float8 as "lanePosition", external_id as "externalId", status, unconfirmed_at as "unconfirmedAt"
    from message_parts`,
  attempts: `select part_id as "partId", number, started_at as "startedAt", finished_at as "finishedAt", outcome
    from send_attempts order by part_id, number`,
  lanes: `select conversation_id as "conversationId", org_id as "orgId", state, not_before as "notBefore" from send_lanes`,
  notifications: `select id, org_id as "orgId", member_id as "memberId", message_id as "messageId" from notifications`,
  events: `select id::float8, public_id as "publicId", org_id as "orgId", seq::float8, type, recipient_id as "recipientId",
    resource_type as "resourceType", resource_id as "resourceId", data, occurred_at as "occurredAt"
    from event_log order by id`,
  rawEvents: `select id, org_id as "orgId", channel_id as "channelId", status from raw_events`,
  jobs: `select id, queue, state, run_at as "runAt", attempt, reason from jobs`,
} as const

const PUT_ASIDE = `
select 'quarantine' as "where", q.org_id as "orgId", q.reason, r.body
from quarantine q join raw_events r on r.org_id = q.org_id and r.id = q.raw_event_id
union all
select 'dead job', (meta ->> 'orgId')::uuid, coalesce(reason, ''), payload from jobs where state = 'DEAD' and queue = 'inbound'`

/**
 * The database in one consistent view, then the broker's queues. `databaseUrl` is a superuser's; `prefix` is the program's
 * SERVICES_PREFIX.
 */
export async function readSnapshot(
  databaseUrl: string,
  rabbitUrl: string | null,
  { prefix = 'delightchat' }: Readonly<{ prefix?: string }> = {},
): Promise<Snapshot> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000 })
  client.on('error', () => {})
  await client.connect()
  try {
    await client.query('begin isolation level repeatable read read only')
    const read = async (sql: string) => (await client.query(sql)).rows
    const tables: Record<string, unknown> = {}
    for (const [name, sql] of Object.entries(QUERIES)) tables[name] = await read(sql)
    const putAside = (await read(PUT_ASIDE)).map((row) => ({ ...row, body: textOf(row.body) }))
    const [{ takenAt }] = await read('select clock_timestamp() as "takenAt"')
    await client.query('commit')
    const broker = rabbitUrl === null ? { queues: [], dead: [] } : await readQueues(rabbitUrl, prefix)
    const dead = broker.dead.map((one) => ({ where: 'dead-letter queue', ...one, body: textOf(one.body) }))
    return { takenAt, ...tables, putAside: [...putAside, ...dead], queues: broker.queues } as unknown as Snapshot
  } finally {
    await client.end()
  }
}

/** Whatever the bytes are; ids of messages in it can be read. */
const textOf = (body: Buffer): string => body.toString('latin1')
