import type { Audience } from '../../../core/channel/delivery.ts'
import { NotFound } from '../../../core/errors.ts'
import type { ConversationId, CustomerId, MessageId, TicketId } from '../../../core/ids.ts'
import type { IdSource } from '../../../ports/id-source.ts'
import type { AnsweredComment, DirectMessages, ReplyTarget, StoredMessage } from '../../../ports/send-store.ts'
import { type CommentRow, commentsIn, NEXT, selectComments } from '../comment-sql.ts'
import type { Tx } from '../transaction.ts'
import { isUuid } from '../uuid.ts'

/** Where a new reply on a ticket may go, locked. */
export async function targetOf(tx: Tx, ids: IdSource, ticketId: TicketId, audience: Audience): Promise<ReplyTarget> {
  const [place] = isUuid(ticketId) ? await tx.rows<PlaceRow>(PLACE, [tx.orgId, ticketId]) : []
  if (!place) throw new NotFound('ticket')
  const isPrivate = place.surface === 'COMMENT' && audience === 'PRIVATE'
  if (isPrivate) await lockPerson(tx, ids, place)
  const target = await lockTarget(tx, place.conversation_id)
  return {
    ...target,
    ticketId,
    linkedTicketId: null,
    elsewhere: false,
    comment: target.surface === 'COMMENT' ? await nextComment(tx, target.conversationId) : null,
    direct: isPrivate ? await directOf(tx, ticketId, place) : null,
  }
}

/** Where a reply is that was stored before, locked; null where there is none. It answers the comment that it answered. */
export async function targetOfReply(
  tx: Tx,
  ticketId: TicketId,
  messageId: MessageId,
): Promise<Readonly<{ target: ReplyTarget; message: StoredMessage }> | null> {
  const message = await messageOn(tx, ticketId, messageId)
  const [row] = message ? await tx.rows<ReplyRow>(REPLY, [tx.orgId, messageId]) : []
  if (!message || !row) return null
  const target = await lockTarget(tx, row.conversation_id)
  const [comment] = await tx.rows<CommentRow>(
    `${selectComments('$1', '$2')} where c.deleted_at is null and cv.surface = 'COMMENT' and c.org_id = $1 and c.id = (
       select p.message_id from messages m
       join message_parts p on p.org_id = m.org_id and p.channel_id = $3 and p.external_id = m.reply_to_external_id
       where m.org_id = $1 and m.id = $2)`,
    [tx.orgId, messageId, target.channelId],
  )
  return {
    // Read again: what was read before the lock may be older.
    message: (await messageOn(tx, ticketId, messageId)) ?? message,
    target: {
      ...target,
      ...(row.answers_comment && { surface: 'COMMENT' }),
      ticketId: message.ticketId,
      linkedTicketId: row.linked_ticket_id,
      elsewhere: row.elsewhere,
      comment: comment ? commentOf(comment) : null,
      direct: null,
    },
  }
}

export async function messageOn(tx: Tx, ticketId: TicketId, id: MessageId): Promise<StoredMessage | null> {
  if (!isUuid(ticketId) || !isUuid(id)) return null
  const [row] = await tx.rows<StoredRow>(
    `${STORED} where org_id = $1 and id = $3 and (ticket_id = $2 or linked_ticket_id = $2)`,
    [tx.orgId, ticketId, id],
  )
  return row ? stored(row) : null
}

/** A comment of the conversation that is still there, by our id. */
export async function commentBy(tx: Tx, { conversationId }: ReplyTarget, id: MessageId) {
  if (!isUuid(id)) return null
  const [row] = await tx.rows<CommentRow>(`${COMMENTS} and c.id = $3`, [tx.orgId, conversationId, id])
  return row ? commentOf(row) : null
}

export async function newestComment(tx: Tx, { conversationId }: ReplyTarget) {
  const [row] = await tx.rows<CommentRow>(`${COMMENTS} order by c.sent_at desc, c.external_id desc limit 1`, [
    tx.orgId,
    conversationId,
  ])
  return row ? commentOf(row) : null
}

type PlaceRow = {
  conversation_id: ConversationId
  customer_id: CustomerId
  channel_id: ReplyTarget['channelId']
  surface: ReplyTarget['surface']
}

const PLACE = `
select v.id as conversation_id, v.customer_id, v.channel_id, v.surface
from tickets t join conversations v on v.org_id = t.org_id and v.id = t.conversation_id
where t.org_id = $1 and t.id = $2`

type ReplyRow = {
  conversation_id: ConversationId
  linked_ticket_id: TicketId | null
  elsewhere: boolean
  answers_comment: boolean
}

/** The comment stays known as one, also once it was deleted. */
const REPLY = `
select m.conversation_id, m.linked_ticket_id, m.elsewhere, exists (
    select from message_parts p join messages c on c.org_id = p.org_id and c.id = p.message_id
    join conversations cv on cv.org_id = c.org_id and cv.id = c.conversation_id
    where p.org_id = m.org_id and p.channel_id = v.channel_id and p.external_id = m.reply_to_external_id and cv.surface = 'COMMENT') as answers_comment
from messages m join conversations v on v.org_id = m.org_id and v.id = m.conversation_id
where m.org_id = $1 and m.id = $2`

/** The direct messages with whoever has the identity `i`. */
const DIRECT = `d.org_id = i.org_id and d.channel_id = i.channel_id and d.surface = 'DM' and d.external_key = i.external_id`
const IDENTITY = `i.org_id = $1 and i.customer_id = $2 and i.channel_id = $3`

/**
 * Makes the conversation of direct messages with somebody who has only commented so far, before anything is locked: whoever
 * takes in their messages may be about to make it too. Then the customer, whom all who want several of their conversations lock.
 */
async function lockPerson(tx: Tx, ids: IdSource, { customer_id, channel_id }: PlaceRow): Promise<void> {
  await tx.affected(
    `insert into conversations (id, org_id, channel_id, customer_id, surface, external_key)
     select $4, i.org_id, i.channel_id, i.customer_id, 'DM', i.external_id from customer_identities i
     where ${IDENTITY} and not exists (select from conversations d where ${DIRECT}) order by i.id limit 1
     on conflict (org_id, channel_id, surface, external_key) do nothing`,
    [tx.orgId, customer_id, channel_id, ids.next()],
  )
  await tx.rows('select from customers where org_id = $1 and id = $2 for no key update', [tx.orgId, customer_id])
  await tx.rows(
    `select d.id from conversations d join customer_identities i on ${DIRECT} where ${IDENTITY} order by d.id for no key update of d`,
    [tx.orgId, customer_id, channel_id],
  )
}

type DirectRow = {
  id: ConversationId
  open_ticket_id: TicketId | null
  is_answered: boolean
  window_opened_at: Date | null
  window_reason: string | null
}

async function directOf(
  tx: Tx,
  ticketId: TicketId,
  { customer_id, channel_id }: PlaceRow,
): Promise<DirectMessages | null> {
  const [row] = await tx.rows<DirectRow>(
    `select d.id, d.window_opened_at, d.window_reason,
       (select t.id from tickets t where t.org_id = d.org_id and t.conversation_id = d.id and t.status <> 'RESOLVED') as open_ticket_id,
       exists (select from messages m where m.org_id = d.org_id and m.ticket_id = $4 and m.elsewhere and m.direction = 'INBOUND') as is_answered
     from customer_identities i join conversations d on ${DIRECT} where ${IDENTITY} order by i.id limit 1`,
    [tx.orgId, customer_id, channel_id, ticketId],
  )
  return row
    ? {
        conversationId: row.id,
        openTicketId: row.open_ticket_id,
        isAnswered: row.is_answered,
        window: { openedAt: row.window_opened_at, reason: row.window_reason },
      }
    : null
}

type TargetRow = PlaceRow & {
  person: ReplyTarget['person']
  type: string
  status: ReplyTarget['channelStatus']
  withdrawn_at: Date | null
  settings: ReplyTarget['settings']
  window_opened_at: Date | null
  window_reason: string | null
}

async function lockTarget(tx: Tx, id: ConversationId) {
  const [row] = await tx.rows<TargetRow>(
    `select v.id as conversation_id, v.customer_id, i.external_id as person, v.channel_id, c.type, c.status, c.withdrawn_at, c.settings, v.surface, v.window_opened_at, v.window_reason
     from conversations v join channels c on c.org_id = v.org_id and c.id = v.channel_id
     join customer_identities i on i.org_id = v.org_id and i.customer_id = v.customer_id and i.channel_id = v.channel_id
     where v.org_id = $1 and v.id = $2 for no key update of v`,
    [tx.orgId, id],
  )
  if (!row) throw new NotFound('ticket')
  // A statement of its own: the one that waited for the lock may have seen what was before it.
  const [customer] = await tx.rows<{ erasing: boolean }>(
    'select erasing from customers where org_id = $1 and id = $2',
    [tx.orgId, row.customer_id],
  )
  return {
    conversationId: row.conversation_id,
    customerId: row.customer_id,
    person: row.person,
    isErasing: customer?.erasing ?? true,
    channelId: row.channel_id,
    channelType: row.type,
    channelStatus: row.status,
    isWithdrawn: row.withdrawn_at !== null,
    settings: row.settings,
    surface: row.surface,
    window: { openedAt: row.window_opened_at, reason: row.window_reason },
  }
}

export type StoredRow = Omit<StoredMessage, 'ticketId'> & { ticket_id: StoredMessage['ticketId'] }

export const STORED = 'select id, ticket_id, status, content, direction, audience, fingerprint from messages'

export const stored = ({ ticket_id, ...row }: StoredRow): StoredMessage => ({ ...row, ticketId: ticket_id })

const COMMENTS = commentsIn('$1', '$2')

async function nextComment(tx: Tx, id: ConversationId): Promise<AnsweredComment | null> {
  const [row] = await tx.rows<CommentRow>(`${COMMENTS} ${NEXT}`, [tx.orgId, id])
  return row ? commentOf(row) : null
}

const commentOf = ({ external_id, sent_at, is_live, answered }: CommentRow): AnsweredComment => ({
  externalId: external_id,
  sentAt: sent_at,
  isLive: is_live ?? false,
  answered,
})
