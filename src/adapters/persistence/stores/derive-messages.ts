import type { MessageId } from '../../../core/ids.ts'
import { statusOfParts } from '../../../core/message/message-status.ts'
import type { MessageChange } from '../../../ports/send-store.ts'
import type { MessageStatus } from '../../../ports/views.ts'
import type { Tx } from '../transaction.ts'
import { updateRows } from './insert-rows.ts'

type Row = {
  message_id: MessageId
  before: MessageStatus
  kind: string
  content: string | null
  status: MessageStatus
  failure: object | null
  external_id: string | null
  edited_at: Date | null
  deleted_at: Date | null
}

/**
 * What a reply says of itself follows from its parts: status, failure, platform id, words, whether it was edited or taken back.
 * Answers what the statuses were and are. The caller holds the conversations' locks.
 */
export async function deriveMessages(tx: Tx, ids: readonly MessageId[]): Promise<readonly MessageChange[]> {
  if (ids.length === 0) return []
  const rows = await tx.rows<Row>(
    `select p.message_id, m.status as before, p.kind, p.content, p.status, p.failure, p.external_id, p.edited_at, p.deleted_at
     from message_parts p join messages m on m.org_id = p.org_id and m.id = p.message_id
     where p.org_id = $1 and p.message_id = any($2) and p.kind is not null order by p.message_id, p.position`,
    [tx.orgId, ids],
  )
  const messages = [...Map.groupBy(rows, ({ message_id }) => message_id)].map(([id, parts]) => derived(id, parts))
  updateRows(tx, 'messages', {
    set: `status = r.status, failure = r.failure, external_id = r.external_id, content = r.content,
       edited_at = r.edited_at, deleted_at = r.deleted_at`,
    columns: {
      status: 'text',
      failure: 'jsonb',
      external_id: 'text',
      content: 'text',
      edited_at: 'timestamptz(3)',
      deleted_at: 'timestamptz(3)',
    },
    rows: messages,
  })
  return messages.map(({ id, before, status, parts }) => ({ messageId: id, from: before, to: status, parts }))
}

function derived(id: MessageId, parts: readonly Row[]) {
  const status = statusOfParts(parts.map((part) => part.status))
  const texts = parts.flatMap(({ kind, content }) => (kind === 'TEXT' && content !== null ? [content] : []))
  const goneAt = parts.map(({ deleted_at }) => deleted_at)
  return {
    id,
    before: (parts[0] as Row).before,
    status,
    failure: status === 'FAILED' ? (parts.find((part) => part.status === 'FAILED')?.failure ?? null) : null,
    // The first that the platform knows: messages are listed by it.
    external_id: parts.find(({ external_id }) => external_id !== null)?.external_id ?? null,
    content: texts.length === 0 ? null : texts.join(''),
    edited_at: latest(parts.map(({ edited_at }) => edited_at)),
    // One that was taken back in part still says the rest.
    deleted_at: goneAt.includes(null) ? null : latest(goneAt),
    parts: parts.length,
  }
}

const latest = (times: readonly (Date | null)[]): Date | null =>
  times.reduce((last, at) => (at !== null && (last === null || at > last) ? at : last), null)
