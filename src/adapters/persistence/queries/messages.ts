import { type MessageContext, type MessageKind, NO_CONTEXT } from '../../../core/channel/content.ts'
import type { MessageId, OrgId, TicketId } from '../../../core/ids.ts'
import { failureOf, TELL_MS } from '../../../core/message/send-outcome.ts'
import type { PageOf, PageRequest, Position } from '../../../ports/inbox-queries.ts'
import type { MessageFailure, MessageStatus, MessageView } from '../../../ports/views.ts'
import { placeOf, placeOfLast } from '../seen-sql.ts'
import type { Tx } from '../transaction.ts'
import { type Conditions, canExist, conditions, emptyPage, pageOf } from './conditions.ts'
import { displayName } from './customers.ts'
import { attachmentView, partView, type StoredAttachment, type StoredPart, seenStatus } from './message-parts.ts'
import { type ReactionWish, reactionViews, type StoredReaction } from './message-reactions.ts'

type Row = {
  id: MessageId
  org_id: OrgId
  ticket_id: TicketId
  linked_ticket_id: TicketId | null
  direction: MessageView['direction']
  kind: MessageKind
  audience: MessageView['audience']
  hidden: boolean
  content: string | null
  attachments: StoredAttachment[]
  parts: StoredPart[]
  context:
    | (Pick<MessageContext, 'type'> &
        Partial<Omit<MessageContext, 'type' | 'expiresAt'>> & { expiresAt: string | null })
    | null
  reactions: StoredReaction[]
  wish: ReactionWish | null
  account: string
  media_permalink: string | null
  media_gone: boolean | null
  media_expires_at: Date | null
  author_type: MessageView['author']['type']
  author_member_id: string | null
  member_name: string | null
  customer_id: string
  customer: Parameters<typeof displayName>[0]
  via: string
  status: MessageStatus
  is_read: boolean | null
  resend_of: MessageId | null
  resent_as: MessageId | null
  doubt_since: Date | null
  failure: MessageFailure | null
  external_id: string | null
  reply_to_external_id: string | null
  client_message_id: string | null
  sent_at: Date
  created_at: Date
  edited_at: Date | null
  deleted_at: Date | null
  verified: boolean
  historical: boolean
}

const SELECT = `
select m.id, m.org_id, m.ticket_id, m.linked_ticket_id, m.direction, m.kind, m.audience, m.hidden, m.content, m.context, m.author_type, m.author_member_id, m.via,
  m.status, ${placeOfLast('m')} <= v.read_until as is_read,
  m.resend_of, (select r.id from messages r where r.org_id = m.org_id and r.resend_of = m.id) as resent_as,
  case when m.status = 'UNKNOWN' then (select max(coalesce(a.finished_at, a.started_at)) from message_parts p
    join send_attempts a on a.org_id = p.org_id and a.part_id = p.id
    where p.org_id = m.org_id and p.message_id = m.id and p.status = 'UNKNOWN') end as doubt_since,
  m.failure, m.external_id, m.reply_to_external_id, m.client_message_id, m.sent_at, m.created_at, m.edited_at, m.deleted_at, m.verified, m.historical,
  (select coalesce(jsonb_agg(jsonb_build_object('type', a.type, 'url', a.url, 'title', a.title, 'platformType', a.platform_type,
      'partId', a.part_id) order by a.position), '[]') from attachments a where a.org_id = m.org_id and a.message_id = m.id) as attachments,
  (select coalesce(jsonb_agg(jsonb_build_object('id', p.id, 'position', p.position, 'kind', p.kind, 'content', p.content, 'extras', p.extras,
      'status', p.status, 'failure', p.failure, 'externalId', p.external_id, 'sentAt', p.sent_at, 'deletedAt', p.deleted_at, 'isRead', ${placeOf('m', 'p')} <= v.read_until)
      order by p.position), '[]') from message_parts p where p.org_id = m.org_id and p.message_id = m.id) as parts,
  (select coalesce(jsonb_agg(jsonb_build_object('name', r.name, 'emoji', r.emoji, 'actor', r.actor, 'at', r.reacted_at,
      'memberId', r.member_id, 'memberName', (select mm.name from memberships mm where mm.org_id = r.org_id and mm.id = r.member_id))
      order by r.reacted_at, r.actor), '[]') from message_parts p
    join reactions r on r.org_id = p.org_id and r.channel_id = p.channel_id and r.external_id = p.external_id and r.name is not null
    where p.org_id = m.org_id and p.message_id = m.id) as reactions,
  (select jsonb_build_object('emoji', o.emoji, 'status', o.status, 'failure', o.failure, 'at', o.wanted_at, 'memberId', o.member_id,
      'memberName', (select mm.name from memberships mm where mm.org_id = o.org_id and mm.id = o.member_id))
    from own_reactions o where o.org_id = m.org_id and o.message_id = m.id) as wish, ch.account, md.permalink as media_permalink, md.gone as media_gone, md.expires_at as media_expires_at,
  (select mm.name from memberships mm where mm.org_id = m.org_id and mm.id = m.author_member_id) as member_name,
  t.customer_id,
  (select jsonb_build_object('name', coalesce(c.display_name, i.name), 'username', i.username, 'platform', t.platform, 'externalId', i.external_id)
    from customers c join customer_identities i on i.org_id = c.org_id and i.customer_id = c.id
    where c.org_id = t.org_id and c.id = t.customer_id order by i.id limit 1) as customer
from messages m
join tickets t on t.org_id = m.org_id and t.id = m.ticket_id
join conversations v on v.org_id = m.org_id and v.id = m.conversation_id
join channels ch on ch.org_id = t.org_id and ch.id = t.channel_id
left join media md on md.org_id = t.org_id and md.channel_id = t.channel_id and md.media_id = m.context ->> 'mediaId'`

const select = (tx: Tx, where: Conditions, rest = '') =>
  tx.rows<Row>(`${SELECT} where ${where.where} ${rest}`, where.params)

const inOrg = (tx: Tx): Conditions => {
  const where = conditions()
  where.add((p) => `m.org_id = ${p}`, tx.orgId)
  return where
}

/** Null where there is no such ticket. */
export async function messagesPage(
  tx: Tx,
  ticketId: TicketId,
  order: 'asc' | 'desc',
  page: PageRequest,
  now: Date,
): Promise<PageOf<MessageView> | null> {
  if (!canExist({ after: null }, ticketId)) return null
  const ticket = await tx.rows('select 1 from tickets where org_id = $1 and id = $2', [tx.orgId, ticketId])
  if (ticket.length === 0) return null
  if (!canExist(page)) return emptyPage
  const where = inOrg(tx)
  where.add((p) => `m.ticket_id = ${p}`, ticketId)
  if (page.after !== null) addPosition(where, order, page.after)
  const rest = `order by m.sent_at ${order}, m.external_id ${order}, m.id ${order} limit ${where.param(page.limit + 1)}`
  return pageOf(await select(tx, where, rest), page.limit, messageView(now), positionOf)
}

export async function messagesById(
  tx: Tx,
  ids: readonly string[],
  now: Date,
  ticketId?: TicketId,
): Promise<MessageView[]> {
  if (ids.length === 0) return []
  const where = inOrg(tx)
  where.add((p) => `m.id = any (${p}::uuid[])`, ids)
  where.add((p) => `(m.ticket_id = ${p} or m.linked_ticket_id = ${p})`, ticketId)
  return (await select(tx, where)).map(messageView(now))
}

/** Three columns decide the order: the key is the time, then the external id behind a space, if there is one. */
const positionOf = ({ sent_at, external_id, id }: Row): Position => ({
  key: external_id === null ? sent_at.toISOString() : `${sent_at.toISOString()} ${external_id}`,
  id,
})

/** As the index has it: without an external id comes after those with one, ascending, and before them, descending. */
function addPosition(where: Conditions, order: 'asc' | 'desc', { key, id }: Position): void {
  const [, at = '', external = null] = /^(\S+)(?: (.*))?$/s.exec(key ?? '') ?? []
  const time = `${where.param(at)}::timestamptz`
  const last = `${where.param(id)}::uuid`
  const beyond = order === 'asc' ? '>' : '<'
  const sameTime =
    external === null
      ? `(m.external_id is null and m.id ${beyond} ${last})${order === 'desc' ? ' or m.external_id is not null' : ''}`
      : `(m.external_id, m.id) ${beyond} (${where.param(external)}, ${last})${order === 'asc' ? ' or m.external_id is null' : ''}`
  where.and(`m.sent_at ${beyond}= ${time} and (m.sent_at ${beyond} ${time} or ${sameTime})`)
}

function authorOf(row: Row): MessageView['author'] {
  if (row.author_type === 'CUSTOMER') return { type: 'CUSTOMER', id: row.customer_id, name: displayName(row.customer) }
  if (row.author_type === 'MEMBER') return { type: 'MEMBER', id: row.author_member_id, name: row.member_name }
  return { type: row.author_type, id: null, name: null }
}

/** A story is over after its time, whether or not the platform was asked again. */
function contextOf(row: Row, now: Date): MessageView['context'] {
  const { context, media_permalink: permalink, media_gone: gone } = row
  if (context === null) return null
  // A day after the answer at the latest; when it was posted only the platform can tell.
  const expiresAt = context.expiresAt === null ? null : (row.media_expires_at ?? new Date(context.expiresAt))
  return {
    // What was stored before a member was there lacks it.
    ...NO_CONTEXT,
    ...context,
    permalink: permalink ?? context.permalink ?? null,
    expiresAt,
    gone: gone === true || (expiresAt !== null && expiresAt <= now),
  }
}

/** For a while a message in doubt is the product's own business; then it is somebody's who can decide. */
function openQuestion(row: Row, now: Date): Pick<MessageView, 'failure' | 'actions' | 'resendOf' | 'resentAs'> {
  const links = { resendOf: row.resend_of, resentAs: row.resent_as }
  if (row.status === 'FAILED')
    return { ...links, failure: row.failure, actions: row.failure?.retryable ? ['RETRY'] : [] }
  const isOpen = row.doubt_since !== null && now.getTime() - row.doubt_since.getTime() >= TELL_MS
  if (!isOpen) return { ...links, failure: null, actions: [] }
  const actions = row.resent_as === null ? (['CHECK_AGAIN', 'SEND_AGAIN'] as const) : (['CHECK_AGAIN'] as const)
  return { ...links, failure: failureOf('delivery-unknown'), actions }
}

const messageView =
  (now: Date) =>
  (row: Row): MessageView => ({
    id: row.id,
    orgId: row.org_id,
    ticketId: row.ticket_id,
    linkedTicketId: row.linked_ticket_id,
    direction: row.direction,
    kind: row.kind,
    hidden: row.hidden,
    audience: row.kind === 'COMMENT' || row.kind === 'MENTION' ? 'PUBLIC' : row.audience,
    content: row.content,
    attachments: row.attachments.map(attachmentView),
    parts: row.parts.map((part) => partView(row, part)),
    context: contextOf(row, now),
    reactions: reactionViews(row),
    author: authorOf(row),
    via: row.via,
    status: seenStatus(row.is_read, row.status),
    ...openQuestion(row, now),
    externalId: row.external_id,
    replyToExternalId: row.reply_to_external_id,
    clientMessageId: row.client_message_id,
    sentAt: row.sent_at,
    createdAt: row.created_at,
    editedAt: row.edited_at,
    deletedAt: row.deleted_at,
    verified: row.verified,
    historical: row.historical,
  })
