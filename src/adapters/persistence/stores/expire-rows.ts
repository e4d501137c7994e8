import type { ChannelId, ConversationId, MessageId, RawEventId, TicketId } from '../../../core/ids.ts'
import type { Overdue, RetentionStore } from '../../../ports/retention.ts'
import type { Tx } from '../transaction.ts'
import { deriveTickets } from './derive-tickets.ts'
import { forgetAbout } from './erase-rows.ts'
import { withdrawExports } from './export-store.ts'

/** So that nobody who brings something for the channel waits for long. */
const MESSAGES_AT_ONCE = 200

/** Of a message `m`, with the time as `$3`. What is still to be sent is waited for. */
export const OVERDUE = `m.sent_at < $3 and m.status not in ('QUEUED', 'SENDING')`

type Row = {
  id: MessageId
  ticket_id: TicketId
  linked_ticket_id: TicketId | null
  conversation_id: ConversationId
}

/**
 * The oldest messages of tickets that are resolved, in one transaction that has the channel to itself, and under the locks of their
 * conversations, which whoever answers or reopens holds as well.
 */
export async function expireRows(
  tx: Tx,
  channelId: ChannelId,
  ticketIds: readonly TicketId[],
  { before, resolvedBefore }: Overdue,
  now: Date,
): ReturnType<RetentionStore['expireMessages']> {
  await lockConversationsOf(tx, ticketIds)
  const found = await tx.rows<Row>(
    `select m.id, m.ticket_id, m.linked_ticket_id, m.conversation_id from tickets t
     join customers c on c.org_id = t.org_id and c.id = t.customer_id and not c.erasing
     join messages m on m.org_id = t.org_id and m.ticket_id = t.id
     where t.org_id = $1 and t.id = any($2::uuid[]) and t.channel_id = $5 and t.status = 'RESOLVED' and t.resolved_at < $4 and ${OVERDUE}
     order by m.ticket_id, m.sent_at limit ${MESSAGES_AT_ONCE}`,
    [tx.orgId, ticketIds, before, resolvedBefore, channelId],
  )
  if (found.length === 0) return { messages: 0, tickets: 0, bodies: 0, isAll: true }
  const messages = found.map(({ id }) => id)
  const bodies = await forgetTraces(tx, channelId, messages)
  await tx.affected('delete from messages where org_id = $1 and id = any($2::uuid[])', [tx.orgId, messages])

  const own = unique(found.map(({ ticket_id }) => ticket_id))
  const emptied = await tx.rows<{ id: TicketId }>(
    `delete from tickets t where t.org_id = $1 and t.id = any($2::uuid[]) and t.status = 'RESOLVED'
       and not exists (select from messages m where m.org_id = $1 and m.ticket_id = t.id) returning t.id`,
    [tx.orgId, own],
  )
  const gone = new Set(emptied.map(({ id }) => id))
  const linked = found.flatMap(({ linked_ticket_id }) => linked_ticket_id ?? [])
  const left = unique([...own, ...linked]).filter((id) => !gone.has(id))
  await forgetChanges(tx, [...messages, ...gone])
  await forgetOldChanges(tx, left, before)
  await forgetConversations(tx, unique(found.map(({ conversation_id }) => conversation_id)), before)
  await deriveTickets(tx, left, now)
  return { messages: messages.length, tickets: gone.size, bodies, isAll: found.length < MESSAGES_AT_ONCE }
}

const unique = <T>(all: readonly T[]): readonly T[] => [...new Set(all)]

async function lockConversationsOf(tx: Tx, ticketIds: readonly TicketId[]): Promise<void> {
  const conversations = await tx.rows<{ id: ConversationId; customer_id: string }>(
    `select id, customer_id from conversations where org_id = $1 and id in (
       select conversation_id from tickets where org_id = $1 and id = any($2::uuid[])
       union select conversation_id from messages where org_id = $1 and ticket_id = any($2::uuid[]))`,
    [tx.orgId, ticketIds],
  )
  const [customers, ids] = [conversations.map((one) => one.customer_id), conversations.map((one) => one.id)]
  await tx.rows('select from customers where org_id = $1 and id = any($2::uuid[]) order by id for no key update', [
    tx.orgId,
    customers,
  ])
  await tx.rows('select from conversations where org_id = $1 and id = any($2::uuid[]) order by id for update', [
    tx.orgId,
    ids,
  ])
}

/**
 * What is kept of the messages besides them: what was said of them, exports, files that nobody else was sent, and the bodies that are
 * known to hold their words. Those go whole: what else is in them has been taken in, and is kept with its own message.
 */
async function forgetTraces(tx: Tx, channelId: ChannelId, messages: readonly MessageId[]): Promise<number> {
  const parts = await tx.rows<{ external_id: string | null; raw_event_id: RawEventId | null }>(
    'select external_id, raw_event_id from message_parts where org_id = $1 and message_id = any($2::uuid[])',
    [tx.orgId, messages],
  )
  const externalIds = unique(parts.flatMap(({ external_id }) => external_id ?? []))
  const bodies = await tx.affected(
    `delete from raw_events where org_id = $1 and id in (
       select unnest($2::uuid[]) union select raw_event_id from raw_event_copies
       where org_id = $1 and channel_id = $3 and external_id = any($4))`,
    [tx.orgId, unique(parts.flatMap(({ raw_event_id }) => raw_event_id ?? [])), channelId, externalIds],
  )
  await forgetAbout(tx, { channelId, people: [], messages: externalIds })
  await withdrawExports(tx, messages)
  await tx.affected(
    `with theirs as (
       select distinct upload_id from attachments where org_id = $1 and message_id = any($2::uuid[]) and upload_id is not null)
     delete from uploads u using theirs where u.org_id = $1 and u.id = theirs.upload_id and not exists (
       select from attachments o where o.org_id = $1 and o.upload_id = u.id and o.message_id <> all($2::uuid[]))`,
    [tx.orgId, messages],
  )
  return bodies
}

/** What events told besides ids, of what is gone. */
export async function forgetChanges(tx: Tx, resources: readonly string[]): Promise<void> {
  await tx.affected(
    `update event_log set data = '{}' where org_id = $1 and resource_id = any($2::uuid[]) and data <> '{}'`,
    [tx.orgId, resources],
  )
}

/** Where a customer came from is told as a change of their ticket. */
async function forgetOldChanges(tx: Tx, tickets: readonly TicketId[], before: Date): Promise<void> {
  await tx.affected(
    `update event_log set data = '{}' where org_id = $1 and resource_id = any($2::uuid[]) and data <> '{}'
       and type = 'ticket.updated' and occurred_at < $3`,
    [tx.orgId, tickets, before],
  )
}

const OLD = (referral: string): string => `(${referral} ->> 'at')::timestamptz < $3`

/** Conversations of which nothing is left, and of the others how they began. */
async function forgetConversations(tx: Tx, ids: readonly ConversationId[], before: Date): Promise<void> {
  const params = [tx.orgId, ids, before]
  await tx.affected(
    `update conversations v set first_referral = case when ${OLD('v.first_referral')} then null else v.first_referral end,
       last_referral = case when ${OLD('v.last_referral')} then null else v.last_referral end
     where v.org_id = $1 and v.id = any($2::uuid[]) and (${OLD('v.first_referral')} or ${OLD('v.last_referral')})
       and not exists (select from tickets t where t.org_id = $1 and t.conversation_id = v.id and t.status <> 'RESOLVED')`,
    params,
  )
  await tx.affected(
    `delete from conversations v where v.org_id = $1 and v.id = any($2::uuid[]) and v.last_referral is null
       and coalesce(greatest(v.window_opened_at, v.last_inbound_at), '-infinity') < $3
       and not exists (select from tickets t where t.org_id = $1 and t.conversation_id = v.id)
       and not exists (select from messages m where m.org_id = $1 and m.conversation_id = v.id)`,
    params,
  )
}
