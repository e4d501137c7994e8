import { type AttachmentType, type MessageKind, previewOf } from '../../../core/channel/content.ts'
import type { TicketId } from '../../../core/ids.ts'
import type { Tx } from '../transaction.ts'
import { updateRows } from './insert-rows.ts'

type Facts = {
  id: TicketId
  status: string
  sent_at: Date | null
  content: string | null
  kind: MessageKind
  deleted_at: Date | null
  attachment: AttachmentType | null
  unread: number
  ad_id: string | null
  ad_title: string | null
}

/**
 * Computes the facts that tickets derive from their messages again: last message, preview, unread count, the ad that the first
 * of the comments was made under. Never incremented, so order and repetition of what came in leave no trace. What was written
 * before counts as unread only where somebody has to answer. The tickets are locked: their messages may be of several
 * conversations, and who changes one of these may not have locked the others.
 */
export async function deriveTickets(tx: Tx, ticketIds: readonly TicketId[], now: Date): Promise<void> {
  if (ticketIds.length === 0) return
  tx.write('select from tickets where org_id = $1 and id = any($2) order by id for no key update', [
    tx.orgId,
    ticketIds,
  ])
  const facts = await tx.rows<Facts>(
    `select t.id, t.status, l.sent_at, l.content, l.kind, l.deleted_at, a.type as attachment, u.unread,
       ad.context ->> 'adId' as ad_id, ad.context ->> 'adTitle' as ad_title
     from unnest($2::uuid[]) as wanted (id)
     join lateral (select * from tickets t where t.org_id = $1 and t.id = wanted.id limit 1) t on true
     left join lateral (
       select m.id, m.sent_at, m.content, m.kind, m.deleted_at from messages m where m.org_id = $1 and m.ticket_id = t.id
       order by m.sent_at desc, m.external_id desc, m.id desc limit 1) l on true
     left join attachments a on a.org_id = $1 and a.message_id = l.id and a.position = 0
     left join lateral (
       select a.sent_at, a.external_id from (
         (select m.sent_at, m.external_id from messages m where m.org_id = $1 and m.ticket_id = t.id and m.direction = 'OUTBOUND'
          order by m.sent_at desc, m.external_id desc limit 1)
         union all
         (select m.sent_at, m.external_id from messages m where m.org_id = $1 and m.linked_ticket_id = t.id
          order by m.sent_at desc, m.external_id desc limit 1)) a
       order by a.sent_at desc, a.external_id desc limit 1) o on true
     left join lateral (
       select count(*)::int as unread from messages m
       where m.org_id = $1 and m.ticket_id = t.id and m.direction = 'INBOUND' and m.deleted_at is null
         and (t.status = 'OPEN' or not m.historical)
         and (o.sent_at is null or m.sent_at > o.sent_at or (m.sent_at = o.sent_at and m.external_id > o.external_id))) u on true
     left join lateral (
       select m.context from messages m where t.kind = 'COMMENT' and m.org_id = $1 and m.ticket_id = t.id and m.kind = 'COMMENT'
         and coalesce(m.context ->> 'adId', m.context ->> 'adTitle') is not null
       order by m.sent_at, m.external_id limit 1) ad on true`,
    [tx.orgId, ticketIds],
  )
  const rows = facts.map((fact) => ({
    id: fact.id,
    unread_count: fact.status === 'RESOLVED' ? 0 : fact.unread,
    last_message_at: fact.sent_at,
    ad: { adId: fact.ad_id, adTitle: fact.ad_title },
    last_message_preview:
      fact.sent_at === null
        ? null
        : fact.deleted_at
          ? '[Message unsent]'
          : previewOf(
              fact.content,
              fact.kind,
              fact.attachment ? [{ type: fact.attachment, url: null, title: null, platformType: null }] : [],
            ),
  }))
  updateRows(tx, 'tickets', {
    set: `unread_count = r.unread_count, last_message_at = coalesce(r.last_message_at, t.last_message_at),
       last_message_preview = r.last_message_preview,
       context = case when t.kind = 'COMMENT' then t.context || r.ad else t.context end, updated_at = $4, version = t.version + 1`,
    columns: { unread_count: 'int', last_message_at: 'timestamptz(3)', last_message_preview: 'text', ad: 'jsonb' },
    rows,
    params: [now],
  })
}
