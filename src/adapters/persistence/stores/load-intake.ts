import type {
  ChannelId,
  ConversationId,
  CustomerId,
  ExternalMessageId,
  ExternalUserId,
  MemberId,
  TicketId,
} from '../../../core/ids.ts'
import type { TicketStatus } from '../../../core/ticket/ticket.ts'
import type { ConversationState, InFlight, IntakeRequest, KnownPart } from '../../../ports/intake-store.ts'
import type { Tx } from '../transaction.ts'

/**
 * A message and the unsend that speaks of it share no row until one of them is stored: two transactions at once would each
 * miss what the other brings, and the content would stay for ever. So batches of a channel pass together, but one that speaks
 * of a message that is not there passes alone. Comes before every row lock.
 */
export async function admit(tx: Tx, { channelId, arrived, spokenOf }: IntakeRequest): Promise<ConversationId[]> {
  const known = await spokenMessages(tx, channelId, spokenOf)
  const expected = new Set<ExternalMessageId>([...known.keys(), ...arrived])
  const alone = spokenOf.some((externalId) => !expected.has(externalId))
  const lock = alone ? 'pg_advisory_xact_lock' : 'pg_advisory_xact_lock_shared'
  await tx.rows(`select ${lock}(hashtextextended('intake ' || $1, 0))`, [channelId])
  return [...(alone ? await spokenMessages(tx, channelId, spokenOf) : known).values()]
}

/** The conversations of messages that edits and unsends speak of. */
async function spokenMessages(
  tx: Tx,
  channelId: ChannelId,
  externalIds: readonly ExternalMessageId[],
): Promise<ReadonlyMap<ExternalMessageId, ConversationId>> {
  if (externalIds.length === 0) return new Map()
  const rows = await tx.rows<{ external_id: ExternalMessageId; conversation_id: ConversationId }>(
    `select p.external_id, m.conversation_id from message_parts p join messages m on m.org_id = p.org_id and m.id = p.message_id
     where p.org_id = $1 and p.channel_id = $2 and p.external_id = any($3)`,
    [tx.orgId, channelId, externalIds],
  )
  return new Map(rows.map((row) => [row.external_id, row.conversation_id]))
}

/**
 * Locks customers, then their conversations, in id order: whoever ingests for the same people waits here. Everything read
 * after this statement is what the transaction before left behind.
 */
export async function lockConversations(
  tx: Tx,
  conversationIds: readonly ConversationId[],
): Promise<LockedConversation[]> {
  if (conversationIds.length === 0) return []
  return tx.rows<LockedConversation>(
    `select v.id, v.customer_id, v.surface, v.external_key, v.window_opened_at, i.external_id as person
     from conversations v
     join customers c on c.org_id = v.org_id and c.id = v.customer_id
     join lateral (select external_id from customer_identities i where i.org_id = v.org_id and i.customer_id = v.customer_id and i.channel_id = v.channel_id limit 1) i on true
     where v.org_id = $1 and v.id = any($2)
     order by c.id, v.id for no key update of c, v`,
    [tx.orgId, conversationIds],
  )
}

export type LockedConversation = {
  id: ConversationId
  customer_id: CustomerId
  surface: ConversationState['surface']
  external_key: string
  window_opened_at: Date | null
  person: ExternalUserId
}

type TicketRow = {
  conversation_id: ConversationId
  open_id: TicketId | null
  open_status: TicketStatus | null
  resolved_id: TicketId | null
  resolved_at: Date | null
}

export async function ticketsOf(
  tx: Tx,
  conversationIds: readonly ConversationId[],
): Promise<ReadonlyMap<ConversationId, Pick<ConversationState, 'open' | 'newestResolved'>>> {
  if (conversationIds.length === 0) return new Map()
  const rows = await tx.rows<TicketRow>(
    `select v.id as conversation_id, o.id as open_id, o.status as open_status, r.id as resolved_id, r.resolved_at
     from unnest($2::uuid[]) as v (id)
     left join lateral (select id, status from tickets t where t.org_id = $1 and t.conversation_id = v.id and t.status <> 'RESOLVED' limit 1) o on true
     left join lateral (select id, resolved_at from tickets t where t.org_id = $1 and t.conversation_id = v.id and t.status = 'RESOLVED' order by number desc limit 1) r on true`,
    [tx.orgId, conversationIds],
  )
  return new Map(
    rows.map((row) => [
      row.conversation_id,
      {
        open: row.open_id && row.open_status ? { id: row.open_id, status: row.open_status } : null,
        newestResolved:
          row.resolved_id && row.resolved_at ? { id: row.resolved_id, resolvedAt: row.resolved_at } : null,
      },
    ]),
  )
}

type KnownRow = {
  external_id: ExternalMessageId
  gone_at: Date | null
  part_id: KnownPart['partId'] | null
  message_id: KnownPart['messageId']
  ticket_id: TicketId
  conversation_id: ConversationId
  direction: KnownPart['direction']
  deleted_at: Date | null
  edit_revision: number
}

/** What is known of the messages that events bring or speak of: their parts, and their tombstones. */
export async function knownMessages(
  tx: Tx,
  request: IntakeRequest,
): Promise<{ parts: Map<ExternalMessageId, KnownPart>; tombstones: Map<ExternalMessageId, Date> }> {
  const externalIds = [...request.arrived, ...request.spokenOf]
  const rows = await tx.rows<KnownRow>(
    `select e.id as external_id, g.deleted_at as gone_at, p.id as part_id, p.message_id, m.ticket_id, m.conversation_id, m.direction, m.deleted_at, m.edit_revision
     from unnest($3::text[]) as e (id)
     left join message_parts p on p.org_id = $1 and p.channel_id = $2 and p.external_id = e.id
     left join messages m on m.org_id = $1 and m.id = p.message_id
     left join tombstones g on g.org_id = $1 and g.channel_id = $2 and g.external_id = e.id
     where p.id is not null or g.deleted_at is not null`,
    [tx.orgId, request.channelId, externalIds],
  )
  const parts = new Map<ExternalMessageId, KnownPart>()
  const tombstones = new Map<ExternalMessageId, Date>()
  for (const row of rows) {
    if (row.gone_at) tombstones.set(row.external_id, row.gone_at)
    if (row.part_id === null) continue
    parts.set(row.external_id, {
      partId: row.part_id,
      messageId: row.message_id,
      ticketId: row.ticket_id,
      conversationId: row.conversation_id,
      direction: row.direction,
      deletedAt: row.deleted_at,
      editRevision: row.edit_revision,
    })
  }
  return { parts, tombstones }
}

/** Our sends under way or in doubt, by customer: a private reply to a comment echoes among the direct messages. */
export async function inFlightOf(
  tx: Tx,
  customerIds: readonly CustomerId[],
): Promise<ReadonlyMap<CustomerId, readonly InFlight[]>> {
  const rows = await tx.rows<{
    customer_id: CustomerId
    part_id: InFlight['partId']
    message_id: InFlight['messageId']
    ticket_id: TicketId
    status: InFlight['status']
    content: string | null
    started_at: Date
  }>(
    `select v.customer_id, p.id as part_id, m.id as message_id, m.ticket_id, m.status, m.content, a.started_at
     from conversations v
     join messages m on m.org_id = v.org_id and m.conversation_id = v.id and m.status in ('SENDING', 'UNKNOWN')
     join message_parts p on p.org_id = m.org_id and p.message_id = m.id and p.external_id is null
     join lateral (select started_at from send_attempts a where a.org_id = p.org_id and a.part_id = p.id order by number desc limit 1) a on true
     where v.org_id = $1 and v.customer_id = any($2) order by a.started_at, m.id`,
    [tx.orgId, customerIds],
  )
  const found = new Map<CustomerId, InFlight[]>()
  for (const row of rows) {
    const list = found.get(row.customer_id) ?? []
    list.push({
      partId: row.part_id,
      messageId: row.message_id,
      ticketId: row.ticket_id,
      status: row.status,
      text: row.content,
      startedAt: row.started_at,
    })
    found.set(row.customer_id, list)
  }
  return found
}

export async function activeMembers(tx: Tx): Promise<MemberId[]> {
  const rows = await tx.rows<{ id: MemberId }>('select id from memberships where org_id = $1 and active order by id', [
    tx.orgId,
  ])
  return rows.map(({ id }) => id)
}
