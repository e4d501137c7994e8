import type { UploadId } from '../../core/ids.ts'
import type { Clock } from '../../ports/clock.ts'
import type { UploadQueries, UploadView } from '../../ports/upload-store.ts'
import { type Orm, readInOrganization } from './transaction.ts'
import { isUuid } from './uuid.ts'

export type UploadRow = {
  id: UploadId
  type: UploadView['type']
  content_type: string
  file_name: string
  bytes: number
  chunk_bytes: number
  created_at: Date
  expires_at: Date
}

export const UPLOAD_COLUMNS = 'id, type, content_type, file_name, bytes, chunk_bytes, created_at, expires_at'

export const createUploadQueries = ({ orm, clock }: { orm: Orm; clock: Clock }): UploadQueries => ({
  async upload(orgId, id) {
    if (!isUuid(orgId) || !isUuid(id)) return null
    const [row] = await readInOrganization(orm, orgId, (tx) =>
      tx.rows<UploadRow>(
        `select ${UPLOAD_COLUMNS} from uploads where org_id = $1 and id = $2 and finished_at is not null and expires_at > $3`,
        [tx.orgId, id, clock.now()],
      ),
    )
    return row ? uploadView(row) : null
  },

  async chunk(orgId, id, position) {
    if (!isUuid(orgId) || !isUuid(id)) return null
    const [row] = await readInOrganization(orm, orgId, (tx) =>
      tx.rows<{ bytes: Buffer }>(
        'select bytes from upload_chunks where org_id = $1 and upload_id = $2 and position = $3',
        [tx.orgId, id, position],
      ),
    )
    return row?.bytes ?? null
  },
})

export const uploadView = (row: UploadRow): UploadView => ({
  id: row.id,
  type: row.type,
  contentType: row.content_type,
  fileName: row.file_name,
  bytes: row.bytes,
  chunkBytes: row.chunk_bytes,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
})
