import type { TicketId } from '../../../core/ids.ts'
import type { MediaStore } from '../../../ports/media-store.ts'
import type { Tx } from '../transaction.ts'

/** A post can have thousands of tickets; more than these are not told one by one, and show it when they are next read. */
const MOST_TOLD = 100

export const createMediaStore = (tx: Tx): MediaStore => ({
  async save(channelId, mediaId, media, now) {
    const changed = await tx.affected(
      `update media set permalink = $4, caption = $5, thumbnail_url = $6, gone = $7, answered_at = $8
       where org_id = $1 and channel_id = $2 and media_id = $3
         and (answered_at is null or (permalink, caption, thumbnail_url, gone) is distinct from ($4, $5, $6, $7))`,
      [
        tx.orgId,
        channelId,
        mediaId,
        media?.permalink ?? null,
        media?.caption ?? null,
        media?.thumbnailUrl ?? null,
        media === null,
        now,
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
})
