import type { ChannelId, ConversationId, MessageId } from '../../../core/ids.ts'
import type { IntakeChanges } from '../../../ports/intake-store.ts'
import type { Tx } from '../transaction.ts'
import { insertRows, recordset } from './insert-rows.ts'
import { wakeLane } from './lanes.ts'

/** Decided under the conversation's lock; what was taken back stays empty. */
export async function applyEdits(tx: Tx, edits: IntakeChanges['edits']): Promise<void> {
  if (edits.length === 0) return
  await tx.affected(
    `update messages m set content = r.content, edited_at = r.edited_at, edit_revision = r.revision
     from ${recordset('$1', { id: 'uuid', content: 'text', edited_at: 'timestamptz(3)', revision: 'int' })}
     where m.org_id = $2 and m.id = r.id and m.deleted_at is null`,
    [
      JSON.stringify(
        edits.map(({ part, edit: { text, revision, at } }) => ({
          id: part.messageId,
          content: text,
          edited_at: at,
          revision,
        })),
      ),
      tx.orgId,
    ],
  )
}

/** Removes the content of the messages and their attachments; their raw bodies are `redactRaw`'s. */
export async function applyUnsends(
  tx: Tx,
  unsends: readonly Readonly<{ messageId: MessageId; at: Date }>[],
): Promise<void> {
  if (unsends.length === 0) return
  await tx.affected(
    `update messages m set content = null, context = null, edited_at = null, deleted_at = least(coalesce(m.deleted_at, r.at), r.at)
     from ${recordset('$1', { id: 'uuid', at: 'timestamptz(3)' })} where m.org_id = $2 and m.id = r.id`,
    [JSON.stringify(unsends.map(({ messageId, at }) => ({ id: messageId, at }))), tx.orgId],
  )
  const messageIds = unsends.map(({ messageId }) => messageId)
  await tx.affected('delete from attachments where org_id = $1 and message_id = any($2)', [tx.orgId, messageIds])
}

/** The earliest time stands, so that repeats in any order leave the same. */
export async function buryTombstones(
  tx: Tx,
  channelId: ChannelId,
  tombstones: IntakeChanges['tombstones'],
): Promise<void> {
  await insertRows(
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
    await tx.affected(
      `update message_parts set external_id = $3, status = 'SENT', failure = null, provisional = true
       where org_id = $1 and id = $2 and external_id is null`,
      [tx.orgId, inFlight.partId, externalId],
    )
    const [message] = await tx.rows<{ conversation_id: ConversationId }>(
      `update messages set external_id = $3, status = 'SENT', failure = null where org_id = $1 and id = $2 returning conversation_id`,
      [tx.orgId, inFlight.messageId, externalId],
    )
    await tx.affected(
      `update send_attempts set finished_at = $3, outcome = 'SENT', detail = 'proved by its echo'
       where org_id = $1 and part_id = $2 and outcome is distinct from 'SENT'
         and number = (select max(number) from send_attempts where org_id = $1 and part_id = $2)`,
      [tx.orgId, inFlight.partId, now],
    )
    if (message) await wakeLane(tx, message.conversation_id, inFlight.messageId)
  }
}
