import type {
  ChannelId,
  ConversationId,
  CustomerId,
  ErasureId,
  ExternalAccountId,
  RawEventId,
  TicketId,
} from '../../../core/ids.ts'
import type { ErasedIdentity, ErasureFacts, ErasureStore } from '../../../ports/erasure-store.ts'
import { erasurePlace } from '../sealed-places.ts'
import type { Tx } from '../transaction.ts'
import { lockChannel } from './channel-lock.ts'
import { markErased } from './erasure-marks.ts'
import { forgetExports } from './export-store.ts'
import type { StoreDeps } from './index.ts'

/**
 * The customer's rows go, and marks come, in one transaction that has their channels to itself: whoever takes in what they sent
 * comes before it, and what it made goes too, or after it and finds the marks.
 */
export async function eraseRows(tx: Tx, deps: StoreDeps, id: ErasureId, now: Date): ReturnType<ErasureStore['erase']> {
  const [erasure] = await tx.rows<{ customer_id: CustomerId; state: string }>(
    'select customer_id, state from erasures where org_id = $1 and id = $2',
    [tx.orgId, id],
  )
  if (erasure?.state !== 'REQUESTED') return null
  const customerId = erasure.customer_id
  const people = await tx.rows<{ channel_id: ChannelId; external_id: string }>(
    'select channel_id, external_id from customer_identities where org_id = $1 and customer_id = $2 order by channel_id',
    [tx.orgId, customerId],
  )
  for (const channelId of new Set(people.map(({ channel_id }) => channel_id))) lockChannel(tx, channelId, 'alone')
  const [open] = await tx.rows(
    `select from erasures where org_id = $1 and id = $2 and state = 'REQUESTED' for update`,
    [tx.orgId, id],
  )
  if (!open) return null
  await tx.rows('select from customers where org_id = $1 and id = $2 for update', [tx.orgId, customerId])
  const conversations = await tx.rows<{ id: ConversationId }>(
    'select id from conversations where org_id = $1 and customer_id = $2 order by id for update',
    [tx.orgId, customerId],
  )
  const theirs = conversations.map((conversation) => conversation.id)
  const underWay = await tx.rows(
    `select from message_parts where org_id = $1 and conversation_id = any($2::uuid[]) and status = 'SENDING' limit 1`,
    [tx.orgId, theirs],
  )
  if (underWay.length > 0) return 'waits'

  const facts = await factsOf(tx, { customerId, conversations: theirs, people, until: now })
  for (const { channelId, people: own, messages } of facts.identities) {
    await markErased(tx, deps, channelId, { people: own, messages }, now)
    await forgetAbout(tx, { channelId, people: own, messages })
  }
  await forgetFiles(tx, theirs)
  await forgetExports(tx, [customerId], 'customer-erased', now)
  await tx.affected('delete from idempotency_keys where org_id = $1 and route = any($2)', [
    tx.orgId,
    facts.tickets.map((ticketId) => `send ${ticketId}`),
  ])
  // From the bottom up: each level goes by its own index, and the next finds nothing to look for.
  const messages = await tx.affected('delete from messages where org_id = $1 and conversation_id = any($2::uuid[])', [
    tx.orgId,
    theirs,
  ])
  await tx.affected('delete from customers where org_id = $1 and id = $2', [tx.orgId, customerId])
  await tx.affected(
    `update erasures set state = 'SWEEPING', erased_at = $3, tickets = $4, messages = $5, sealed = $6 where org_id = $1 and id = $2`,
    [
      ...[tx.orgId, id, now, facts.tickets.length, messages],
      deps.secretBox.seal(JSON.stringify(facts), erasurePlace(tx.orgId, id)),
    ],
  )
  return customerId
}

type Subject = Readonly<{
  customerId: CustomerId
  conversations: readonly ConversationId[]
  people: readonly Readonly<{ channel_id: ChannelId; external_id: string }>[]
  until: Date
}>

async function factsOf(tx: Tx, { customerId, conversations, people, until }: Subject): Promise<ErasureFacts> {
  const parts = await tx.rows<{ channel_id: ChannelId; external_id: string | null; raw_event_id: RawEventId | null }>(
    `select p.channel_id, p.external_id, p.raw_event_id from messages m
     join message_parts p on p.org_id = m.org_id and p.message_id = m.id
     where m.org_id = $1 and m.conversation_id = any($2::uuid[])`,
    [tx.orgId, conversations],
  )
  const channels = [...new Set([...people, ...parts].map(({ channel_id }) => channel_id))].sort()
  const kinds = await tx.rows<Pick<ErasedIdentity, 'type' | 'account' | 'settings'> & { id: ChannelId }>(
    'select id, type, account, settings from channels where org_id = $1 and id = any($2::uuid[])',
    [tx.orgId, channels],
  )
  const identities = channels.map((channelId): ErasedIdentity => {
    const own = parts.filter((part) => part.channel_id === channelId)
    const {
      type = '',
      account = '' as ExternalAccountId,
      settings = {},
    } = kinds.find(({ id }) => id === channelId) ?? {}
    return {
      ...{ channelId, type, account, settings },
      people: people.flatMap((person) => (person.channel_id === channelId ? [person.external_id] : [])),
      messages: [...new Set(own.flatMap(({ external_id }) => external_id ?? []))],
    }
  })
  const copies: { raw_event_id: RawEventId }[] = []
  for (const { channelId, messages } of identities) {
    const params = [tx.orgId, channelId, messages]
    copies.push(
      ...(await tx.rows<{ raw_event_id: RawEventId }>(
        'select raw_event_id from raw_event_copies where org_id = $1 and channel_id = $2 and external_id = any($3)',
        params,
      )),
    )
  }
  const tickets = await tx.rows<{ id: TicketId }>('select id from tickets where org_id = $1 and customer_id = $2', [
    tx.orgId,
    customerId,
  ])
  return {
    customerId,
    until,
    identities,
    tickets: tickets.map(({ id }) => id),
    bodies: [...new Set([...parts, ...copies].flatMap(({ raw_event_id }) => raw_event_id ?? []))],
  }
}

/** What is kept by the platform's ids, beside the messages. */
export async function forgetAbout(
  tx: Tx,
  { channelId, people, messages }: Omit<ErasedIdentity, 'type' | 'account' | 'settings'>,
): Promise<void> {
  const params = [tx.orgId, channelId, messages]
  for (const table of ['reactions', 'early_edits', 'early_reads', 'tombstones', 'raw_event_copies'])
    await tx.affected(`delete from ${table} where org_id = $1 and channel_id = $2 and external_id = any($3)`, params)
  if (people.length === 0) return
  await tx.affected('delete from reactions where org_id = $1 and channel_id = $2 and actor = any($3)', [
    tx.orgId,
    channelId,
    people,
  ])
}

/** Files that members sent to them, unless somebody else was sent the same. */
async function forgetFiles(tx: Tx, conversations: readonly ConversationId[]): Promise<void> {
  await tx.affected(
    `with theirs as (
       select distinct a.upload_id from messages m join attachments a on a.org_id = m.org_id and a.message_id = m.id
       where m.org_id = $1 and m.conversation_id = any($2::uuid[]) and a.upload_id is not null)
     delete from uploads u using theirs where u.org_id = $1 and u.id = theirs.upload_id and not exists (
       select from attachments o join messages om on om.org_id = o.org_id and om.id = o.message_id
       where o.org_id = $1 and o.upload_id = u.id and om.conversation_id <> all($2::uuid[]))`,
    [tx.orgId, conversations],
  )
}
