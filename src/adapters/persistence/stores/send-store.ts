import type { ExternalMessageId, ExternalUserId, MessageId, PartId } from '../../../core/ids.ts'
import { LIVE_COMMENT } from '../../../core/ticket/ticket.ts'
import type { IdSource } from '../../../ports/id-source.ts'
import type { Head, MessageChange, ReplyTarget, SendStore, StoredMessage } from '../../../ports/send-store.ts'
import { answers } from '../comment-sql.ts'
import type { Tx } from '../transaction.ts'
import { isUuid } from '../uuid.ts'
import { lockChannel } from './channel-lock.ts'
import { deriveMessages } from './derive-messages.ts'
import { deriveTickets } from './derive-tickets.ts'
import { freeLane, holdLane, holdsLane, lockConversation, wakeLane } from './lanes.ts'
import { contentOf, type PartContentRow } from './part-content.ts'
import { enqueueReply, requeueParts } from './queue-parts.ts'
import {
  commentBy,
  messageOn,
  newestComment,
  STORED,
  type StoredRow,
  stored,
  targetOf,
  targetOfReply,
} from './reply-target.ts'
import { settlePart } from './settle-part.ts'

/** A turn that was missed by more is taken anew: those of a whole stall would come at once. */
const TURN_LASTS_MS = 250

/** Every method locks the conversation first: its line of messages is decided by one transaction at a time. */
export const createSendStore = (tx: Tx, { ids }: { ids: IdSource }): SendStore => ({
  target: (ticketId, audience) => targetOf(tx, ids, ticketId, audience),
  targetOf: (ticketId, messageId) => targetOfReply(tx, ticketId, messageId),

  async byClientMessageId(ticketIds, clientMessageId) {
    const [row] = await tx.rows<StoredRow>(
      `${STORED} where org_id = $1 and (ticket_id = any($2) or linked_ticket_id = any($2)) and client_message_id = $3
       order by coalesce(linked_ticket_id, ticket_id) = ($2::uuid[])[1] desc limit 1`,
      [tx.orgId, ticketIds, clientMessageId],
    )
    return row ? stored(row) : null
  },

  message: (ticketId, id) => messageOn(tx, ticketId, id),
  comment: (target, id) => commentBy(tx, target, id),
  newestComment: (target) => newestComment(tx, target),

  async standing(ticketId, id) {
    if (!isUuid(ticketId) || !isUuid(id)) return null
    const [row] = await tx.rows<StandingRow>(STANDING, [tx.orgId, ticketId, id])
    return row
      ? {
          externalId: row.external_id ?? ('' as ExternalMessageId),
          channelId: row.channel_id,
          surface: row.surface,
          isComment: row.is_comment,
          isLive: row.is_live ?? false,
          hidden: row.hidden,
          isDeleted: row.deleted_at !== null,
        }
      : null
  },

  async setHidden(id, hidden) {
    return (
      (await tx.affected('update messages set hidden = $3 where org_id = $1 and id = $2 and hidden <> $3', [
        tx.orgId,
        id,
        hidden,
      ])) > 0
    )
  },

  async externalIdOf({ conversationId }, id) {
    if (!isUuid(id)) return null
    const [row] = await tx.rows<{ external_id: ExternalMessageId | null }>(
      'select external_id from messages where org_id = $1 and conversation_id = $2 and id = $3 and deleted_at is null',
      [tx.orgId, conversationId, id],
    )
    return row?.external_id ?? null
  },

  enqueue: (reply) => enqueueReply(tx, ids, reply),

  async requeue(messageId, target, now) {
    await requeueParts(tx, messageId, target, now)
    const change = changeOf(await deriveMessages(tx, [messageId]))
    await deriveTickets(tx, [target.ticketId], now)
    return change
  },

  async head(claim) {
    await lockConversation(tx, claim.conversationId)
    if (!(await holdsLane(tx, claim))) return null
    const [row] = await tx.rows<HeadRow>(HEAD, [tx.orgId, claim.conversationId])
    return row ? headOf(row) : null
  },

  async begin(claim, head, now) {
    await tx.affected(
      `update message_parts set status = 'SENDING' where org_id = $1 and id = $2 and status = 'QUEUED'`,
      [tx.orgId, head.partId],
    )
    await tx.affected(
      `insert into send_attempts (id, org_id, part_id, number, fence, started_at) values ($1, $2, $3, $4, $5, $6)`,
      [ids.next(), tx.orgId, head.partId, head.attempts + 1, claim.fence, now],
    )
    return changeOf(await deriveMessages(tx, [head.messageId]))
  },

  async settle(claim, head, settlement, now) {
    if (settlement.status === 'SENT') lockChannel(tx, claim.channelId, 'together')
    await lockConversation(tx, claim.conversationId)
    const holds = await holdsLane(tx, claim)
    const settled = await settlePart(tx, ids, claim, head, settlement, now)
    const notBefore = settlement.status === 'QUEUED' ? settlement.notBefore : null
    if (!holds) {
      // Whoever swept the lane meanwhile held it for a message in doubt, which is resolved now.
      if (settled && settled.part.to !== 'UNKNOWN') await wakeLane(tx, claim.conversationId, head.partId, notBefore)
    } else if (settled?.part.to === 'UNKNOWN' && settlement.status === 'UNKNOWN') {
      await holdLane(tx, claim.conversationId, claim.fence, settlement.holdUntil)
    } else {
      await freeLane(tx, claim, notBefore)
    }
    await tx.affected(
      `update channel_health set last_outbound_at = case when $3 then $4 else last_outbound_at end, last_error = coalesce($5, last_error),
         last_error_at = case when $5::text is null then last_error_at else $4 end where org_id = $1 and channel_id = $2`,
      [
        tx.orgId,
        claim.channelId,
        settlement.status === 'SENT',
        now,
        settlement.status === 'FAILED' ? settlement.failure.code : 'detail' in settlement ? settlement.detail : null,
      ],
    )
    return settled
  },

  async isItsTurn({ conversationId, fence }) {
    const rows = await tx.rows(
      `with lane as (select turn_at from send_lanes where org_id = $1 and conversation_id = $2 and fence = $3)
       update send_lanes l set turn_at = null from lane where l.org_id = $1 and l.conversation_id = $2 and l.fence = $3
         and lane.turn_at is not null returning lane.turn_at > clock_timestamp() - $4 * interval '1 ms' as is_fresh`,
      [tx.orgId, conversationId, fence, TURN_LASTS_MS],
    )
    return (rows[0] as { is_fresh: boolean } | undefined)?.is_fresh === true
  },

  async postpone({ conversationId, fence }, waitMs) {
    await tx.affected(
      `update send_lanes set state = 'READY', lease_until = null, turn_at = t.at, not_before = t.at
       from (select clock_timestamp() + $4 * interval '1 ms' as at) t where org_id = $1 and conversation_id = $2 and fence = $3`,
      [tx.orgId, conversationId, fence, waitMs],
    )
  },

  async release(claim) {
    await freeLane(tx, claim)
  },

  async expire(claim, holdUntil, now) {
    await lockConversation(tx, claim.conversationId)
    const [lane] = await tx.rows<{ state: string }>(
      'select state from send_lanes where org_id = $1 and conversation_id = $2 and fence = $3 for update',
      [tx.orgId, claim.conversationId, claim.fence],
    )
    if (!lane) return null
    const [sending] =
      lane.state === 'BUSY'
        ? await tx.rows<{ id: PartId; message_id: StoredMessage['id'] }>(
            `update message_parts set status = 'UNKNOWN' where org_id = $1 and conversation_id = $2 and status = 'SENDING' returning id, message_id`,
            [tx.orgId, claim.conversationId],
          )
        : []
    if (!sending) {
      await freeLane(tx, claim)
      return null
    }
    await tx.affected(
      `update send_attempts set finished_at = $3, outcome = 'UNKNOWN', detail = 'the worker did not come back'
       where org_id = $1 and part_id = $2 and outcome is null`,
      [tx.orgId, sending.id, now],
    )
    const change = changeOf(await deriveMessages(tx, [sending.message_id]))
    await holdLane(tx, claim.conversationId, claim.fence, holdUntil)
    const [message] = await tx.rows<StoredRow>(`${STORED} where org_id = $1 and id = $2`, [
      tx.orgId,
      sending.message_id,
    ])
    if (!message) throw new Error('a part has no message')
    return { ...change, partId: sending.id, ticketId: message.ticket_id }
  },
})

function changeOf([change]: readonly MessageChange[]): MessageChange {
  if (!change) throw new Error('a reply has no parts')
  return change
}

type StandingRow = {
  external_id: ExternalMessageId | null
  channel_id: ReplyTarget['channelId']
  surface: ReplyTarget['surface']
  is_comment: boolean
  is_live: boolean | null
  hidden: boolean
  deleted_at: Date | null
}

const STANDING = `
select m.external_id, v.channel_id, v.surface, m.direction = 'INBOUND' and m.kind = 'COMMENT' and m.external_id is not null as is_comment,
  m.context ->> 'type' = 'LIVE_COMMENT' as is_live, m.hidden, m.deleted_at
from messages m join conversations v on v.org_id = m.org_id and v.id = m.conversation_id
where m.org_id = $1 and m.ticket_id = $2 and m.id = $3`

type HeadRow = PartContentRow & {
  message_id: StoredMessage['id']
  part_id: PartId
  part_position: number
  ticket_id: StoredMessage['ticketId']
  reply_to_external_id: ExternalMessageId | null
  request_id: string | null
  author_type: string
  surface: ReplyTarget['surface']
  window_opened_at: Date | null
  window_reason: string | null
  audience: Head['audience']
  comment_id: MessageId | null
  comment_parent_id: ExternalMessageId | null
  comment_sent_at: Date | null
  comment_is_live: boolean | null
  comment_answered: boolean
  person: ExternalUserId
  attempts: number
  refusals: string[] | null
  first_attempt_at: Date | null
}

const HEAD = `
select m.id as message_id, p.id as part_id, p.position as part_position, m.ticket_id, p.kind as part_kind, p.content, p.extras,
  t.type as attachment_type, t.url as attachment_url, t.upload_id as attachment_upload_id, m.reply_to_external_id, m.request_id, m.author_type, m.audience, c.reply_to_external_id as comment_parent_id,
  v.surface, v.window_opened_at, v.window_reason, i.external_id as person, a.attempts, a.refusals, a.first_attempt_at,
  c.id as comment_id, c.sent_at as comment_sent_at, c.context ->> 'type' = 'LIVE_COMMENT' as comment_is_live, c.id is not null and exists (
    select from messages r where ${answers('v.channel_id')} and r.id <> m.id and r.id is distinct from m.resend_of
      and r.status not in ('FAILED', 'QUEUED')) as comment_answered
from message_parts p
join messages m on m.org_id = p.org_id and m.id = p.message_id
join conversations v on v.org_id = m.org_id and v.id = m.conversation_id
join customer_identities i on i.org_id = v.org_id and i.customer_id = v.customer_id and i.channel_id = v.channel_id
left join lateral (
  select c.id, c.org_id, c.external_id, c.reply_to_external_id, c.sent_at, c.context from message_parts cp
  join messages c on c.org_id = cp.org_id and c.id = cp.message_id and c.direction = 'INBOUND'
  join conversations cv on cv.org_id = c.org_id and cv.id = c.conversation_id and cv.surface = 'COMMENT'
  where cp.org_id = m.org_id and cp.channel_id = v.channel_id and cp.external_id = m.reply_to_external_id) c on true
left join attachments t on t.org_id = p.org_id and t.message_id = m.id and t.part_id = p.id
left join channel_tokens k on k.org_id = p.org_id and k.channel_id = p.channel_id
left join lateral (select coalesce(max(number), 0)::int as attempts,
    array_agg(platform_code) filter (where platform_code is not null and is_of_this_try) as refusals,
    min(started_at) filter (where is_of_this_try) as first_attempt_at
  from send_attempts a cross join lateral (select a.started_at >= coalesce(k.set_at, '-infinity') and not exists (
    select from send_attempts f where f.org_id = a.org_id and f.part_id = a.part_id and f.outcome = 'FAILED' and f.number >= a.number
  ) as is_of_this_try) o where a.org_id = p.org_id and a.part_id = p.id) a on true
where p.org_id = $1 and p.conversation_id = $2 and p.status = 'QUEUED' order by p.lane_position limit 1`

function headOf(row: HeadRow): Head {
  const content = contentOf(row)
  if (content === null) throw new Error('a part that waits has no content')
  // A private reply is among the direct messages, and goes by the comment's rules.
  const isComment = row.surface === 'COMMENT' || row.comment_id !== null
  return {
    messageId: row.message_id,
    partId: row.part_id,
    ticketId: row.ticket_id,
    content,
    surface: isComment ? 'COMMENT' : row.surface,
    person: row.person,
    audience: row.audience,
    comment:
      isComment && row.reply_to_external_id !== null
        ? {
            externalId: row.reply_to_external_id,
            topLevelId: row.comment_parent_id ?? row.reply_to_external_id,
            answered: row.comment_answered,
          }
        : null,
    // What a reply of several parts answers is said once.
    replyTo: isComment || row.part_position > 0 ? null : row.reply_to_external_id,
    window:
      row.comment_sent_at === null
        ? { openedAt: row.window_opened_at, reason: row.window_reason }
        : { openedAt: row.comment_sent_at, reason: row.comment_is_live ? LIVE_COMMENT : null },
    author: row.author_type === 'MEMBER' ? 'person' : 'automation',
    requestId: row.request_id,
    attempts: row.attempts,
    refusals: row.refusals ?? [],
    firstAttemptAt: row.first_attempt_at,
  }
}
