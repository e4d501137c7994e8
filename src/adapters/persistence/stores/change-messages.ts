import type { ChannelId, ConversationId, MessageId, PartId } from '../../../core/ids.ts'
import type { IntakeChanges } from '../../../ports/intake-store.ts'
import type { Tx } from '../transaction.ts'
import { deriveMessages } from './derive-messages.ts'
import { withdrawExports } from './export-store.ts'
import { insertRows, updateRows } from './insert-rows.ts'
import { wakeLane } from './lanes.ts'

/** Decided under the conversation's lock; what was taken back stays empty. Of our replies it is a part that changes. */
export async function applyEdits(tx: Tx, edits: IntakeChanges['edits']): Promise<void> {
  if (edits.length === 0) return
  const rows = edits.map(({ part, edit }) => ({
    id: part.isOurs ? part.partId : part.messageId,
    content: edit.text,
    edited_at: edit.at,
    revision: edit.revision,
    isOurs: part.isOurs,
    messageId: part.messageId,
  }))
  for (const [table, isOurs] of [
    ['messages', false],
    ['message_parts', true],
  ] as const) {
    const own = rows.filter((row) => row.isOurs === isOurs)
    updateRows(tx, table, {
      set: 'content = r.content, edited_at = r.edited_at, edit_revision = r.revision',
      where: 't.deleted_at is null',
      columns: { content: 'text', edited_at: 'timestamptz(3)', revision: 'int' },
      rows: own,
    })
    if (isOurs) await deriveMessages(tx, messagesOf(own))
  }
}

/** The first time that it is told of stands. */
const TAKEN_BACK = 'edited_at = null, deleted_at = least(coalesce(t.deleted_at, r.at), r.at)'

export type Unsend = Readonly<{ messageId: MessageId; partId: PartId; isOurs: boolean; at: Date }>

/** Removes the content of what was taken back with its attachments and from exports; the raw bodies are `redactRaw`'s. */
export async function applyUnsends(tx: Tx, unsends: readonly Unsend[]): Promise<void> {
  if (unsends.length > 0) await withdrawExports(tx, messagesOf(unsends))
  const whole = unsends.filter(({ isOurs }) => !isOurs)
  const parts = unsends.filter(({ isOurs }) => isOurs)
  if (whole.length > 0) {
    updateRows(tx, 'messages', {
      set: `content = null, context = null, ${TAKEN_BACK}`,
      columns: { at: 'timestamptz(3)' },
      rows: whole.map(({ messageId, at }) => ({ id: messageId, at })),
    })
    await dropAttachments(tx, 'message_id', messagesOf(whole))
  }
  if (parts.length === 0) return
  updateRows(tx, 'message_parts', {
    set: `content = null, extras = null, ${TAKEN_BACK}`,
    columns: { at: 'timestamptz(3)' },
    rows: parts.map(({ partId, at }) => ({ id: partId, at })),
  })
  await dropAttachments(
    tx,
    'part_id',
    parts.map(({ partId }) => partId),
  )
  await deriveMessages(tx, messagesOf(parts))
}

/** With the bytes of those that no other message needs. */
async function dropAttachments(tx: Tx, of: 'message_id' | 'part_id', ids: readonly string[]): Promise<void> {
  const dropped = await tx.rows<{ upload_id: string | null }>(
    `delete from attachments where org_id = $1 and ${of} = any($2) returning upload_id`,
    [tx.orgId, ids],
  )
  const uploads = dropped.flatMap(({ upload_id }) => upload_id ?? [])
  if (uploads.length === 0) return
  tx.write(
    `delete from uploads u where u.org_id = $1 and u.id = any($2)
       and not exists (select from attachments a where a.org_id = $1 and a.upload_id = u.id)`,
    [tx.orgId, uploads],
  )
}

const messagesOf = (changes: readonly Readonly<{ messageId: MessageId }>[]): readonly MessageId[] => [
  ...new Set(changes.map(({ messageId }) => messageId)),
]

/** The earliest time stands, so that repeats in any order leave the same. */
export function buryTombstones(tx: Tx, channelId: ChannelId, tombstones: IntakeChanges['tombstones']): void {
  insertRows(
    tx,
    'tombstones',
    { org_id: 'uuid', channel_id: 'uuid', external_id: 'text', deleted_at: 'timestamptz(3)' },
    tombstones.map(({ externalId, at }) => ({
      org_id: tx.orgId,
      channel_id: channelId,
      external_id: externalId,
      deleted_at: at,
    })),
    'on conflict (org_id, channel_id, external_id) do update set deleted_at = least(tombstones.deleted_at, excluded.deleted_at)',
  )
}

/** Sends that an echo proves: SENT, provisionally until the platform's own answer names the same id. */
export async function applyProven(tx: Tx, proven: IntakeChanges['proven'], now: Date): Promise<void> {
  for (const { inFlight, externalId } of proven) {
    const [part] = await tx.rows<{ conversation_id: ConversationId }>(
      `update message_parts set external_id = $3, status = 'SENT', failure = null, provisional = true, sent_at = coalesce(sent_at, $4)
       where org_id = $1 and id = $2 and external_id is null returning conversation_id`,
      [tx.orgId, inFlight.partId, externalId, now],
    )
    if (!part) continue
    await deriveMessages(tx, [inFlight.messageId])
    tx.write(
      `update send_attempts set finished_at = $3, outcome = 'SENT', detail = 'proved by its echo'
       where org_id = $1 and part_id = $2 and outcome is distinct from 'SENT'
         and number = (select max(number) from send_attempts where org_id = $1 and part_id = $2)`,
      [tx.orgId, inFlight.partId, now],
    )
    await wakeLane(tx, part.conversation_id, inFlight.partId)
  }
}
