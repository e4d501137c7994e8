import type { AttachmentType } from '../../../core/channel/content.ts'
import type { Audience } from '../../../core/channel/delivery.ts'
import type { PartKind } from '../../../core/channel/outbound-content.ts'
import type { ConversationId, CustomerId, ExternalMessageId, TicketId } from '../../../core/ids.ts'
import type { InFlight, IntakeRequest, PublicInFlight } from '../../../ports/intake-store.ts'
import { placeOf } from '../seen-sql.ts'
import type { Tx } from '../transaction.ts'

type Row = {
  customer_id: CustomerId
  conversation_id: ConversationId
  part_id: InFlight['partId']
  message_id: InFlight['messageId']
  ticket_id: TicketId
  status: InFlight['status']
  others: InFlight['others']
  part_kind: PartKind
  content: string | null
  attachment_type: AttachmentType | null
  sent_at: Date
  started_at: Date
  under: ExternalMessageId | null
}

/** The top-level comment that a public reply `m` stands under: the one it answers, or the one that this is a reply to. */
const UNDER = `case when m.audience = 'PUBLIC' then coalesce((
  select c.reply_to_external_id from messages c where c.org_id = m.org_id and c.conversation_id = m.conversation_id
    and c.direction = 'INBOUND' and c.external_id = m.reply_to_external_id), m.reply_to_external_id) end`

const IN_FLIGHT = `p.status in ('SENDING', 'UNKNOWN') and p.external_id is null`

const SELECT = `
select v.customer_id, v.id as conversation_id, p.id as part_id, m.id as message_id, m.ticket_id, p.status, p.kind as part_kind, p.content,
  ${placeOf('m', 'p')} as sent_at, a.started_at, ${UNDER} as under,
  (select t.type from attachments t where t.org_id = p.org_id and t.part_id = p.id) as attachment_type,
  array(select s.status from message_parts s where s.org_id = p.org_id and s.message_id = p.message_id and s.id <> p.id) as others
from conversations v
join message_parts p on p.org_id = v.org_id and p.conversation_id = v.id and ${IN_FLIGHT}
join messages m on m.org_id = p.org_id and m.id = p.message_id
join lateral (select started_at from send_attempts a where a.org_id = p.org_id and a.part_id = p.id order by number desc limit 1) a on true`

const ORDER = 'order by a.started_at, p.id'

/**
 * Our sends under way or in doubt to the customers of these conversations, by customer: a private reply to a comment echoes among the
 * direct messages. A public one has no echo there.
 */
export async function inFlightOf(
  tx: Tx,
  conversationIds: readonly ConversationId[],
  audience: Audience = 'PRIVATE',
): Promise<ReadonlyMap<CustomerId, readonly InFlight[]>> {
  const where = `where v.org_id = $1 and v.customer_id = any(array(
    select c.customer_id from conversations c where c.org_id = $1 and c.id = any($2))) and m.audience = $3`
  const rows = await tx.rows<Row>(`${SELECT} ${where} ${ORDER}`, [tx.orgId, conversationIds, audience])
  const found = Map.groupBy(rows, ({ customer_id }) => customer_id)
  return new Map([...found].map(([id, ofCustomer]) => [id, ofCustomer.map(inFlight)]))
}

/** Conversations in which a public reply under one of these comments is under way or in doubt. */
export async function answeredUnder(tx: Tx, { channelId, answered }: IntakeRequest): Promise<ConversationId[]> {
  if (answered.length === 0) return []
  const rows = await tx.rows<{ conversation_id: ConversationId }>(
    `select distinct p.conversation_id from message_parts p join messages m on m.org_id = p.org_id and m.id = p.message_id
     where p.org_id = $1 and p.channel_id = $2 and ${IN_FLIGHT} and m.audience = 'PUBLIC' and ${UNDER} = any($3)`,
    [tx.orgId, channelId, answered],
  )
  return rows.map(({ conversation_id }) => conversation_id)
}

/** Public replies under way or in doubt in these conversations, which are locked. */
export async function publicInFlightOf(
  tx: Tx,
  conversationIds: readonly ConversationId[],
): Promise<ReadonlyMap<ConversationId, readonly PublicInFlight[]>> {
  if (conversationIds.length === 0) return new Map()
  const where = `where v.org_id = $1 and v.id = any($2) and m.audience = 'PUBLIC'`
  const rows = await tx.rows<Row>(`${SELECT} ${where} ${ORDER}`, [tx.orgId, conversationIds])
  const found = Map.groupBy(rows, ({ conversation_id }) => conversation_id)
  return new Map(
    [...found].map(([id, inConversation]) => [
      id,
      inConversation.flatMap((row) => (row.under === null ? [] : [{ ...inFlight(row), under: row.under }])),
    ]),
  )
}

const inFlight = (row: Row): InFlight => ({
  partId: row.part_id,
  messageId: row.message_id,
  ticketId: row.ticket_id,
  status: row.status,
  others: row.others,
  kind: row.part_kind,
  text: row.content,
  attachmentType: row.attachment_type,
  sentAt: row.sent_at,
  startedAt: row.started_at,
})
