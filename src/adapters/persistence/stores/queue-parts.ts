import type { ConversationId, MessageId } from '../../../core/ids.ts'
import type { IdSource } from '../../../ports/id-source.ts'
import type { NewReply, ReplyTarget } from '../../../ports/send-store.ts'
import type { Tx } from '../transaction.ts'
import { deriveTickets } from './derive-tickets.ts'
import { insertRows } from './insert-rows.ts'
import { extrasOf } from './part-content.ts'

/** Stores the reply with all its parts, each with its place in the conversation's line. */
export async function enqueueReply(tx: Tx, ids: IdSource, reply: NewReply): Promise<void> {
  const { target, parts } = reply
  const positions = await nextPositions(tx, target, parts.length)
  const texts = parts.flatMap(({ content }) => (content.kind === 'TEXT' ? [content.text] : []))
  await tx.affected(
    `insert into messages (id, org_id, ticket_id, conversation_id, direction, kind, content, author_type, author_member_id, via, status,
       reply_to_external_id, client_message_id, fingerprint, request_id, position, sent_at, created_at, resend_of, audience, elsewhere, linked_ticket_id)
     values ($1, $2, $3, $4, 'OUTBOUND', $5, $6, 'MEMBER', $7, $8, 'QUEUED', $9, $10, $11, $12, $13, $14, $14, $15, $16, $17, $18)`,
    [
      reply.id,
      tx.orgId,
      target.ticketId,
      target.conversationId,
      texts.length > 0 ? 'TEXT' : 'MEDIA',
      texts.length > 0 ? texts.join('') : null,
      reply.memberId,
      reply.via,
      reply.replyToExternalId,
      reply.clientMessageId,
      reply.fingerprint,
      reply.requestId,
      positions[0],
      reply.now,
      reply.resendOf ?? null,
      reply.audience,
      target.elsewhere,
      target.linkedTicketId,
    ],
  )
  insertRows(
    tx,
    'message_parts',
    {
      id: 'uuid',
      org_id: 'uuid',
      message_id: 'uuid',
      channel_id: 'uuid',
      conversation_id: 'uuid',
      position: 'int',
      lane_position: 'bigint',
      status: 'text',
      kind: 'text',
      content: 'text',
      extras: 'jsonb',
    },
    parts.map(({ id, content }, position) => ({
      id,
      org_id: tx.orgId,
      message_id: reply.id,
      channel_id: target.channelId,
      conversation_id: target.conversationId,
      position,
      lane_position: positions[position],
      status: 'QUEUED',
      kind: content.kind,
      content: content.kind === 'TEXT' ? content.text : null,
      extras: extrasOf(content),
    })),
  )
  insertRows(
    tx,
    'attachments',
    {
      id: 'uuid',
      org_id: 'uuid',
      message_id: 'uuid',
      part_id: 'uuid',
      position: 'int',
      type: 'text',
      url: 'text',
      upload_id: 'uuid',
    },
    parts.flatMap(({ id, content }, position) =>
      content.kind === 'ATTACHMENT'
        ? [
            {
              id: ids.next(),
              org_id: tx.orgId,
              message_id: reply.id,
              part_id: id,
              position,
              type: content.type,
              url: 'url' in content ? content.url : null,
              upload_id: 'uploadId' in content ? content.uploadId : null,
            },
          ]
        : [],
    ),
  )
  await deriveTickets(tx, [target.ticketId, ...(target.linkedTicketId ? [target.linkedTicketId] : [])], reply.now)
}

/** The parts that FAILED go to the end of the line, in their order; what arrived stays as it is. */
export async function requeueParts(tx: Tx, messageId: MessageId, target: ReplyTarget, now: Date): Promise<void> {
  const failed = await tx.rows<{ id: string }>(
    `select id from message_parts where org_id = $1 and message_id = $2 and status = 'FAILED' order by position for update`,
    [tx.orgId, messageId],
  )
  const positions = await nextPositions(tx, target, failed.length)
  await tx.affected(
    `update message_parts p set status = 'QUEUED', failure = null, lane_position = r.lane_position
     from unnest($2::uuid[], $3::bigint[]) as r (id, lane_position) where p.org_id = $1 and p.id = r.id`,
    [tx.orgId, failed.map(({ id }) => id), positions],
  )
  // Where none of it is with the customer yet it is listed as written now.
  await tx.affected(
    `update messages m set position = $3, sent_at = case when exists (
         select from message_parts p where p.org_id = $1 and p.message_id = $2 and p.status <> 'QUEUED') then m.sent_at else $4 end
     where m.org_id = $1 and m.id = $2`,
    [tx.orgId, messageId, positions[0], now],
  )
}

type Lane = Readonly<{ conversationId: ConversationId; channelId: ReplyTarget['channelId'] }>

/** The order of the 201s, taken under the conversation's lock; the lane is woken with it unless somebody works on it. */
async function nextPositions(tx: Tx, { conversationId, channelId }: Lane, count: number): Promise<readonly string[]> {
  const [lane] = await tx.rows<{ next_position: string }>(
    `insert into send_lanes as l (conversation_id, org_id, channel_id, state, next_position) values ($1, $2, $3, 'READY', 1 + $4::bigint)
     on conflict (conversation_id) do update set next_position = l.next_position + $4::bigint,
       state = case when l.state = 'IDLE' then 'READY' else l.state end,
       not_before = case when l.state = 'IDLE' then now() else l.not_before end
     returning next_position`,
    [conversationId, tx.orgId, channelId, count],
  )
  if (!lane) throw new Error('a lane was not written')
  const first = BigInt(lane.next_position) - BigInt(count)
  return Array.from({ length: count }, (_, index) => String(first + BigInt(index)))
}
