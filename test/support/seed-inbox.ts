import { insertRows } from '../../src/adapters/persistence/stores/insert-rows.ts'
import { inOrganization, type Orm, type Tx } from '../../src/adapters/persistence/transaction.ts'
import type { MessageKind } from '../../src/core/channel/content.ts'
import type {
  ChannelId,
  ConversationId,
  CustomerId,
  MemberId,
  MessageId,
  NotificationId,
  OrgId,
  PartId,
  RawEventId,
  TicketId,
} from '../../src/core/ids.ts'
import type { TicketKind, TicketStatus } from '../../src/core/ticket/ticket.ts'
import { ids } from './seed.ts'

type Times = Record<string, string>
const UUID = 'uuid'
const AT = 'timestamptz(3)'
const one = (tx: Tx, table: string, columns: Times, row: Record<string, unknown>) =>
  insertRows(tx, table, { ...columns, org_id: UUID }, [{ ...row, org_id: tx.orgId }])

export type CustomerSeed = { externalId?: string; username?: string | null; name?: string | null; seenAt?: Date }

export async function seedCustomer(tx: Tx, channelId: ChannelId, seed: CustomerSeed = {}): Promise<CustomerId> {
  const id = ids.next() as CustomerId
  const seenAt = seed.seenAt ?? new Date()
  await one(
    tx,
    'customers',
    { id: UUID, channel_id: UUID, last_seen_at: AT },
    { id, channel_id: channelId, last_seen_at: seenAt },
  )
  await one(
    tx,
    'customer_identities',
    { id: UUID, channel_id: UUID, customer_id: UUID, external_id: 'text', username: 'text', name: 'text' },
    {
      id: ids.next(),
      channel_id: channelId,
      customer_id: id,
      external_id: seed.externalId ?? `person-${id}`,
      username: seed.username ?? null,
      name: seed.name ?? null,
    },
  )
  return id
}

export type ConversationSeed = {
  surface?: TicketKind
  key?: string
  windowOpenedAt?: Date | null
  windowReason?: string | null
}

export async function seedConversation(
  tx: Tx,
  channelId: ChannelId,
  customerId: CustomerId,
  seed: ConversationSeed = {},
): Promise<ConversationId> {
  const id = ids.next() as ConversationId
  await one(
    tx,
    'conversations',
    {
      id: UUID,
      channel_id: UUID,
      customer_id: UUID,
      surface: 'text',
      external_key: 'text',
      window_opened_at: AT,
      window_reason: 'text',
    },
    {
      id,
      channel_id: channelId,
      customer_id: customerId,
      surface: seed.surface ?? 'DM',
      external_key: seed.key ?? `key-${id}`,
      window_opened_at: seed.windowOpenedAt ?? null,
      window_reason: seed.windowReason ?? null,
    },
  )
  return id
}

export type TicketSeed = {
  status?: TicketStatus
  kind?: TicketKind
  lastMessageAt?: Date
  resolvedAt?: Date
  platform?: string
}
export type ConversationOf = Readonly<{ channelId: ChannelId; customerId: CustomerId; conversationId: ConversationId }>

export async function seedTicket(tx: Tx, of: ConversationOf, seed: TicketSeed = {}): Promise<TicketId> {
  const id = ids.next() as TicketId
  const [counter] = await tx.rows<{ n: string }>(
    'update ticket_counters set last_number = last_number + 1 where org_id = $1 returning last_number as n',
    [tx.orgId],
  )
  await one(
    tx,
    'tickets',
    {
      id: UUID,
      number: 'bigint',
      channel_id: UUID,
      customer_id: UUID,
      conversation_id: UUID,
      platform: 'text',
      kind: 'text',
      status: 'text',
      last_message_at: AT,
      resolved_at: AT,
    },
    {
      id,
      number: counter?.n,
      channel_id: of.channelId,
      customer_id: of.customerId,
      conversation_id: of.conversationId,
      platform: seed.platform ?? 'INSTAGRAM',
      kind: seed.kind ?? 'DM',
      status: seed.status ?? 'OPEN',
      last_message_at: seed.lastMessageAt ?? new Date(),
      resolved_at: seed.resolvedAt ?? null,
    },
  )
  return id
}

export type MessageSeed = {
  direction?: 'INBOUND' | 'OUTBOUND'
  kind?: MessageKind
  content?: string | null
  externalId?: string | null
  sentAt?: Date
  deletedAt?: Date | null
  memberId?: MemberId
  attachments?: readonly { type: string; url: string }[]
}

export async function seedMessage(
  tx: Tx,
  of: Readonly<{ channelId: ChannelId; conversationId: ConversationId; ticketId: TicketId }>,
  seed: MessageSeed = {},
): Promise<{ id: MessageId; partId: PartId }> {
  const id = ids.next() as MessageId
  const partId = ids.next() as PartId
  const direction = seed.direction ?? 'INBOUND'
  const status = direction === 'INBOUND' ? 'RECEIVED' : 'SENT'
  const externalId = seed.externalId === undefined ? `mid-${id}` : seed.externalId
  await one(
    tx,
    'messages',
    {
      id: UUID,
      ticket_id: UUID,
      conversation_id: UUID,
      direction: 'text',
      kind: 'text',
      content: 'text',
      author_type: 'text',
      author_member_id: UUID,
      via: 'text',
      status: 'text',
      external_id: 'text',
      sent_at: AT,
      deleted_at: AT,
    },
    {
      id,
      ticket_id: of.ticketId,
      conversation_id: of.conversationId,
      direction,
      kind: seed.kind ?? 'TEXT',
      content: seed.content === undefined ? 'hello' : seed.content,
      author_type: direction === 'INBOUND' ? 'CUSTOMER' : seed.memberId ? 'MEMBER' : 'EXTERNAL',
      author_member_id: seed.memberId ?? null,
      via: direction === 'INBOUND' ? 'PLATFORM' : 'INBOX',
      status,
      external_id: externalId,
      sent_at: seed.sentAt ?? new Date(),
      deleted_at: seed.deletedAt ?? null,
    },
  )
  await one(
    tx,
    'message_parts',
    { id: UUID, message_id: UUID, channel_id: UUID, position: 'int', external_id: 'text', status: 'text' },
    { id: partId, message_id: id, channel_id: of.channelId, position: 0, external_id: externalId, status },
  )
  for (const [position, { type, url }] of (seed.attachments ?? []).entries()) {
    await one(
      tx,
      'attachments',
      { id: UUID, message_id: UUID, position: 'int', type: 'text', url: 'text' },
      { id: ids.next(), message_id: id, position, type, url },
    )
  }
  return { id, partId }
}

export async function seedNotification(
  tx: Tx,
  of: Readonly<{ memberId: MemberId; ticketId: TicketId; messageId: MessageId }>,
  seed: { createdAt?: Date; readAt?: Date | null } = {},
): Promise<NotificationId> {
  const id = ids.next() as NotificationId
  await one(
    tx,
    'notifications',
    { id: UUID, member_id: UUID, type: 'text', ticket_id: UUID, message_id: UUID, created_at: AT, read_at: AT },
    {
      id,
      member_id: of.memberId,
      type: 'CUSTOMER_REPLIED',
      ticket_id: of.ticketId,
      message_id: of.messageId,
      created_at: seed.createdAt ?? new Date(),
      read_at: seed.readAt ?? null,
    },
  )
  return id
}

/** Put aside where it has a reason. */
export async function seedRawEvent(
  tx: Tx,
  channelId: ChannelId,
  { at, body, reason }: Readonly<{ at: Date; body: string; reason?: string }>,
): Promise<RawEventId> {
  const id = ids.next() as RawEventId
  await tx.affected(
    `insert into raw_events (id, org_id, channel_id, body, verified, received_at, status) values ($1, $2, $3, $4, true, $5, $6)`,
    [id, tx.orgId, channelId, Buffer.from(body), at, reason === undefined ? 'PROCESSED' : 'QUARANTINED'],
  )
  if (reason !== undefined)
    await tx.affected(
      'insert into quarantine (id, org_id, channel_id, raw_event_id, reason) values ($1, $2, $3, $4, $5)',
      [ids.next(), tx.orgId, channelId, id, reason],
    )
  return id
}

/** Channel, customer, conversation, ticket and one message, as one text from one person makes them. */
export async function seedThread(
  orm: Orm,
  orgId: OrgId,
  channelId: ChannelId,
  seed: CustomerSeed & ConversationSeed & TicketSeed & MessageSeed = {},
) {
  return inOrganization(orm, orgId, async (tx) => {
    const customerId = await seedCustomer(tx, channelId, seed)
    const conversationId = await seedConversation(tx, channelId, customerId, seed)
    const ticketId = await seedTicket(tx, { channelId, customerId, conversationId }, seed)
    const message = await seedMessage(
      tx,
      { channelId, conversationId, ticketId },
      { ...(seed.content === undefined ? {} : { content: seed.content }) },
    )
    return { orgId, channelId, customerId, conversationId, ticketId, messageId: message.id, partId: message.partId }
  })
}
