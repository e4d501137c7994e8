import { type ChannelCapabilities, capabilitiesFor } from '../../../core/channel/capabilities.ts'
import type { ChannelId, CustomerId, MemberId, OrgId, TicketId } from '../../../core/ids.ts'
import { type CommentFacts, capabilitiesOnComments, windowOfComments } from '../../../core/ticket/comment-ticket.ts'
import type { TicketKind, TicketStatus } from '../../../core/ticket/ticket.ts'
import { windowOf } from '../../../core/ticket/window.ts'
import type { PageOf, PageRequest, TicketFilter } from '../../../ports/inbox-queries.ts'
import type { CapabilitiesOf } from '../../../ports/send-store.ts'
import type { TicketView } from '../../../ports/views.ts'
import { commentsIn, NEXT } from '../comment-sql.ts'
import type { Tx } from '../transaction.ts'
import { addBefore, type Conditions, canExist, conditions, emptyPage, pageOf } from './conditions.ts'
import { referralsOf, type StoredReferral } from './referrals.ts'

type Row = {
  id: TicketId
  number: string
  org_id: OrgId
  channel_id: ChannelId
  channel_type: string
  settings: Readonly<Record<string, unknown>>
  customer_id: CustomerId
  platform: string
  kind: TicketKind
  status: TicketStatus
  assignee_id: MemberId | null
  window_opened_at: Date | null
  window_reason: string | null
  is_direct: boolean
  direct_opened_at: Date | null
  direct_reason: string | null
  comment_sent_at: Date | null
  comment_is_live: boolean | null
  comment_answered: boolean | null
  context: Partial<NonNullable<TicketView['context']>> | null
  permalink: string | null
  caption: string | null
  thumbnail_url: string | null
  gone: boolean | null
  first_referral: StoredReferral | null
  last_referral: StoredReferral | null
  thread_owner: { appId: string | null; at: string } | null
  unread_count: number
  last_message_at: Date
  last_message_preview: string | null
  previous_ticket_id: TicketId | null
  linked_ticket_id: TicketId | null
  created_at: Date
  updated_at: Date
  version: number
}

/** What a ticket's window depends on besides its stored facts. */
export type WindowRule = Readonly<{ capabilitiesOf: CapabilitiesOf; now: Date }>

/**
 * Of a COMMENT ticket besides: the direct messages `dm` that the customer wrote on it, and the comment `nc` that comes next. Their
 * conversation's owner and referrals are the ticket's too.
 */
const SELECT = `
select t.id, t.number, t.org_id, t.channel_id, ch.type as channel_type, ch.settings, t.customer_id, t.platform, t.kind, t.status, t.assignee_id,
  co.window_opened_at, co.window_reason, dm.id is not null as is_direct, dm.window_opened_at as direct_opened_at, dm.window_reason as direct_reason,
  nc.sent_at as comment_sent_at, nc.is_live as comment_is_live, nc.answered as comment_answered,
  md.permalink, md.caption, md.thumbnail_url, md.gone, coalesce(dm.first_referral, co.first_referral) as first_referral,
  coalesce(dm.last_referral, co.last_referral) as last_referral, coalesce(dm.thread_owner, co.thread_owner) as thread_owner, t.context,
  t.unread_count, t.last_message_at, t.last_message_preview, t.previous_ticket_id, t.created_at, t.updated_at, t.version,
  (select nullif(l.ticket_id, t.id) from (
      (select m.ticket_id, m.sent_at from messages m where m.org_id = t.org_id and m.linked_ticket_id = t.id order by m.sent_at desc limit 1)
      union all
      (select m.ticket_id, m.sent_at from messages m where m.org_id = t.org_id and m.ticket_id = t.id and m.elsewhere order by m.sent_at desc limit 1)) l
    order by l.sent_at desc limit 1) as linked_ticket_id
from tickets t
join channels ch on ch.org_id = t.org_id and ch.id = t.channel_id
join conversations co on co.org_id = t.org_id and co.id = t.conversation_id
left join media md on md.org_id = t.org_id and md.channel_id = t.channel_id and md.media_id = t.context ->> 'mediaId'
left join lateral (
  select d.* from messages m join conversations d on d.org_id = m.org_id and d.id = m.conversation_id
  where t.kind = 'COMMENT' and m.org_id = t.org_id and m.ticket_id = t.id and m.elsewhere and m.direction = 'INBOUND' limit 1) dm on true
left join lateral (select * from (${commentsIn('t.org_id', 't.conversation_id')} and t.kind = 'COMMENT' ${NEXT}) c) nc on true`

const select = (tx: Tx, where: Conditions, rest = '') =>
  tx.rows<Row>(`${SELECT} where ${where.where} ${rest}`, where.params)

const inOrg = (tx: Tx): Conditions => {
  const where = conditions()
  where.add((p) => `t.org_id = ${p}`, tx.orgId)
  return where
}

export async function ticketsPage(
  tx: Tx,
  filter: TicketFilter,
  page: PageRequest,
  rule: WindowRule,
): Promise<PageOf<TicketView>> {
  if (!canExist(page, filter.channelId, filter.customerId)) return emptyPage
  const where = inOrg(tx)
  where.add((p) => `t.channel_id = ${p}`, filter.channelId)
  where.add((p) => `t.channel_id = any (${p}::uuid[])`, filter.channelIds)
  where.add((p) => `t.customer_id = ${p}`, filter.customerId)
  where.add((p) => `t.platform = ${p}`, filter.platform)
  where.add((p) => `t.kind = any (${p}::text[])`, filter.kind)
  where.add((p) => `t.status = any (${p}::text[])`, filter.status)
  addBefore(where, 't.last_message_at', 't.id', page.after)
  const rows = await select(
    tx,
    where,
    `order by t.last_message_at desc, t.id desc limit ${where.param(page.limit + 1)}`,
  )
  return pageOf(rows, page.limit, ticketView(rule), (row) => ({ key: row.last_message_at.toISOString(), id: row.id }))
}

export async function ticketsById(tx: Tx, ids: readonly string[], rule: WindowRule): Promise<TicketView[]> {
  if (ids.length === 0) return []
  const where = inOrg(tx)
  where.add((p) => `t.id = any (${p}::uuid[])`, ids)
  return (await select(tx, where)).map(ticketView(rule))
}

const factsOf = (row: Row): CommentFacts => ({
  comment:
    row.comment_sent_at === null
      ? null
      : { sentAt: row.comment_sent_at, isLive: row.comment_is_live ?? false, answered: row.comment_answered ?? false },
  direct: row.is_direct ? { openedAt: row.direct_opened_at, reason: row.direct_reason } : null,
})

/** Without an adapter for its channel nothing is known about a window, and nothing can be sent either. */
function windowFor(row: Row, capabilities: ChannelCapabilities | null, now: Date): TicketView['window'] {
  if (capabilities === null) return null
  const rules = { ...capabilities, settings: row.settings }
  if (row.kind === 'COMMENT') return windowOfComments(factsOf(row), rules, now)
  return windowOf({ surface: row.kind, openedAt: row.window_opened_at, reason: row.window_reason }, rules, now)
}

function capabilitiesAt(row: Row, capabilities: ChannelCapabilities | null, now: Date): TicketView['capabilities'] {
  if (capabilities === null) return null
  if (row.kind !== 'COMMENT') return capabilitiesFor(capabilities, row.kind, row.settings)
  return capabilitiesOnComments(factsOf(row), capabilities, row.settings, now)
}

const ticketView =
  ({ capabilitiesOf, now }: WindowRule) =>
  (row: Row): TicketView => ({
    id: row.id,
    number: Number(row.number),
    orgId: row.org_id,
    channelId: row.channel_id,
    customerId: row.customer_id,
    platform: row.platform,
    kind: row.kind,
    status: row.status,
    assigneeId: row.assignee_id,
    window: windowFor(row, capabilitiesOf(row.channel_type), now),
    capabilities: capabilitiesAt(row, capabilitiesOf(row.channel_type), now),
    context: row.context && {
      mediaId: row.context.mediaId ?? null,
      permalink: row.permalink ?? row.context.permalink ?? null,
      caption: row.caption ?? row.context.caption ?? null,
      thumbnailUrl: row.thumbnail_url,
      gone: row.gone ?? false,
      adId: row.context.adId ?? null,
      adTitle: row.context.adTitle ?? null,
    },
    referrals: referralsOf(row),
    threadOwner: row.thread_owner && { appId: row.thread_owner.appId, since: new Date(row.thread_owner.at) },
    unreadCount: row.unread_count,
    lastMessageAt: row.last_message_at,
    lastMessagePreview: row.last_message_preview,
    previousTicketId: row.previous_ticket_id,
    linkedTicketId: row.linked_ticket_id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    version: row.version,
  })
