import type { CustomerId, MessageId, TicketId } from '../../../core/ids.ts'
import type { MediaStore } from '../../../ports/media-store.ts'
import type { Tx } from '../transaction.ts'
import { deriveTickets } from './derive-tickets.ts'

/** A post can have thousands of tickets; more than these are not told one by one, and show it when they are next read. */
const MOST_TOLD = 100

export const createMediaStore = (tx: Tx): MediaStore => ({
  async save(channelId, mediaId, media, now) {
    const changed = await tx.affected(
      // What was known of one that is gone still says what people speak of; only its picture is no longer there.
      `update media m set permalink = n.permalink, caption = n.caption, thumbnail_url = n.thumbnail_url, gone = $7, answered_at = $8,
         expires_at = n.expires_at
       from (select case when $7 then permalink else $4 end as permalink, case when $7 then caption else $5 end as caption,
           $6::text as thumbnail_url, case when $7 then expires_at else $9::timestamptz end as expires_at
         from media where org_id = $1 and channel_id = $2 and media_id = $3) n
       where m.org_id = $1 and m.channel_id = $2 and m.media_id = $3 and (m.answered_at is null
         or (m.permalink, m.caption, m.thumbnail_url, m.gone, m.expires_at)
           is distinct from (n.permalink, n.caption, n.thumbnail_url, $7, n.expires_at))`,
      [
        tx.orgId,
        channelId,
        mediaId,
        media?.permalink ?? null,
        media?.caption ?? null,
        media?.thumbnailUrl ?? null,
        media === null,
        now,
        media?.expiresAt ?? null,
      ],
    )
    if (changed === 0) return []
    const rows = await tx.rows<{ id: TicketId }>(
      `select id from tickets where org_id = $1 and channel_id = $2 and context ->> 'mediaId' = $3 and status <> 'RESOLVED'
       order by id desc limit ${MOST_TOLD}`,
      [tx.orgId, channelId, mediaId],
    )
    return rows.map(({ id }) => id)
  },

  async saveMention(channelId, externalId, { text, username, mediaUrl }, now) {
    const [found] = await tx.rows<{ messageId: MessageId; ticketId: TicketId; customerId: CustomerId }>(
      `update messages m set content = $4, context = m.context || jsonb_build_object('mediaUrl', $5::text)
       from message_parts p, tickets t
       where p.org_id = $1 and p.channel_id = $2 and p.external_id = $3 and m.org_id = $1 and m.id = p.message_id
         and m.kind = 'MENTION' and m.deleted_at is null and t.org_id = $1 and t.id = m.ticket_id
       returning m.id as "messageId", t.id as "ticketId", t.customer_id as "customerId"`,
      [tx.orgId, channelId, externalId, text, mediaUrl],
    )
    if (!found) return null
    await tx.affected(
      `update customer_identities set username = $4, username_at = $5
       where org_id = $1 and channel_id = $2 and customer_id = $3 and $4::text is not null`,
      [tx.orgId, channelId, found.customerId, username, now],
    )
    await deriveTickets(tx, [found.ticketId], now)
    return found
  },
})
