import { NotFound } from '../../../core/errors.ts'
import { KEPT_MS } from '../../../core/upload/store-upload.ts'
import type { UploadStore } from '../../../ports/upload-store.ts'
import type { Tx } from '../transaction.ts'
import { UPLOAD_COLUMNS, type UploadRow, uploadView } from '../upload-queries.ts'
import { isUuid } from '../uuid.ts'

export const createUploadStore = (tx: Tx): UploadStore => ({
  async keptBytes() {
    const [row] = await tx.rows<{ bytes: string }>(
      'select coalesce(sum(bytes), 0)::bigint as bytes from uploads where org_id = $1',
      [tx.orgId],
    )
    return Number(row?.bytes ?? 0)
  },

  async begin({ id, type, contentType, fileName, chunkBytes, createdAt, expiresAt }, memberId) {
    await tx.affected(
      `insert into uploads (id, org_id, member_id, type, content_type, file_name, chunk_bytes, created_at, expires_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [id, tx.orgId, memberId, type, contentType, fileName, chunkBytes, createdAt, expiresAt],
    )
  },

  async append(id, position, bytes) {
    const counted = await tx.affected(
      'update uploads set bytes = bytes + $3 where org_id = $1 and id = $2 and finished_at is null',
      [tx.orgId, id, bytes.length],
    )
    if (counted === 0) throw new NotFound('attachment')
    await tx.affected('insert into upload_chunks (org_id, upload_id, position, bytes) values ($1, $2, $3, $4)', [
      tx.orgId,
      id,
      position,
      bytes,
    ])
  },

  async finish({ id, expiresAt }) {
    const finished = await tx.affected(
      'update uploads set finished_at = now(), expires_at = $3 where org_id = $1 and id = $2 and finished_at is null',
      [tx.orgId, id, expiresAt],
    )
    if (finished === 0) throw new NotFound('attachment')
  },

  async keep(id, now, until) {
    const [row] = isUuid(id)
      ? await tx.rows<UploadRow>(
          `update uploads set expires_at = greatest(expires_at, $4)
           where org_id = $1 and id = $2 and finished_at is not null and expires_at > $3 returning ${UPLOAD_COLUMNS}`,
          [tx.orgId, id, now, until],
        )
      : []
    return row ? uploadView(row) : null
  },

  async keepOf(messageId, now, until) {
    await tx.affected(
      `update uploads u set expires_at = greatest(u.expires_at, $4) from attachments a
       where a.org_id = $1 and a.message_id = $2 and u.org_id = $1 and u.id = a.upload_id and u.finished_at is not null and u.expires_at > $3`,
      [tx.orgId, messageId, now, until],
    )
  },

  async release(id, until) {
    await tx.affected(
      `update uploads u set expires_at = least(u.expires_at, greatest(u.created_at + $4 * interval '1 ms', $3))
       where u.org_id = $1 and u.id = $2 and not exists (
         select from attachments a join message_parts p on p.org_id = a.org_id and p.id = a.part_id
         where a.org_id = $1 and a.upload_id = $2 and p.status <> 'SENT')`,
      [tx.orgId, id, until, KEPT_MS],
    )
  },

  remove: async (id) =>
    isUuid(id) && (await tx.affected('delete from uploads where org_id = $1 and id = $2', [tx.orgId, id])) > 0,
})
