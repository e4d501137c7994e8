import type { ChannelId, ImportId } from '../../../core/ids.ts'
import type { ImportView } from '../../../ports/views.ts'
import type { Tx } from '../transaction.ts'

/** Times are text where the row comes inside another one. */
export type ImportRow = {
  id: ImportId
  channel_id: ChannelId
  state: ImportView['state']
  since: Date | string
  max_conversations: number
  conversations: number
  checked: number
  imported: number
  failure_code: string | null
  failure_detail: string | null
  requested_at: Date | string
  updated_at: Date | string
  finished_at: Date | string | null
}

export async function importsById(tx: Tx, channelId: ChannelId, id: ImportId): Promise<readonly ImportView[]> {
  const rows = await tx.rows<ImportRow>(
    `select id, channel_id, state, since, max_conversations, conversations, checked, imported, failure_code, failure_detail,
       requested_at, updated_at, finished_at
     from history_imports where org_id = $1 and channel_id = $2 and id = $3`,
    [tx.orgId, channelId, id],
  )
  return rows.map(importView)
}

export const importView = (row: ImportRow): ImportView => ({
  id: row.id,
  channelId: row.channel_id,
  state: row.state,
  since: new Date(row.since),
  maxConversations: row.max_conversations,
  conversations: row.conversations,
  checked: row.checked,
  imported: row.imported,
  failure:
    row.failure_code === null ? null : { code: row.failure_code, detail: row.failure_detail ?? row.failure_code },
  requestedAt: new Date(row.requested_at),
  updatedAt: new Date(row.updated_at),
  finishedAt: row.finished_at === null ? null : new Date(row.finished_at),
})
