import type { ChannelId, ExternalMessageId, MessageId, PartId } from '../../../core/ids.ts'
import type { IntakeChanges } from '../../../ports/intake-store.ts'
import { placeOf } from '../seen-sql.ts'
import type { Tx } from '../transaction.ts'
import { applyUnsends } from './change-messages.ts'
import { deriveMessages } from './derive-messages.ts'
import { insertRows } from './insert-rows.ts'

type Early = Pick<IntakeChanges, 'earlyEdits' | 'earlyReads'>

/** What was said of messages that are still to come. The caller has the channel to itself (`lockChannel`). */
export function keepEarly(tx: Tx, channelId: ChannelId, { earlyEdits, earlyReads }: Early): void {
  const key = { org_id: tx.orgId, channel_id: channelId }
  insertRows(
    tx,
    'early_edits',
    {
      org_id: 'uuid',
      channel_id: 'uuid',
      external_id: 'text',
      revision: 'int',
      edited_at: 'timestamptz(3)',
      content: 'text',
    },
    earlyEdits.map(({ externalId, edit }) => ({
      ...key,
      external_id: externalId,
      revision: edit.revision,
      edited_at: edit.at,
      content: edit.text,
    })),
    `on conflict (org_id, channel_id, external_id) do update
       set revision = excluded.revision, edited_at = excluded.edited_at, content = excluded.content`,
  )
  insertRows(
    tx,
    'early_reads',
    { org_id: 'uuid', channel_id: 'uuid', external_id: 'text' },
    earlyReads.map((externalId) => ({ ...key, external_id: externalId })),
    'on conflict do nothing',
  )
}

/** Of messages that are there now. */
export function settleEarly(tx: Tx, channelId: ChannelId, externalIds: readonly ExternalMessageId[]): void {
  if (externalIds.length === 0) return
  remove(tx, 'early_edits', channelId, externalIds)
  remove(tx, 'early_reads', channelId, externalIds)
}

/**
 * The platform's answer has told the id of our own message, of which something may have been said already: it was seen, edited
 * or taken back in the platform's app. The caller passed `lockChannel`.
 */
export async function adoptEarly(
  tx: Tx,
  channelId: ChannelId,
  own: Readonly<{ messageId: MessageId; partId: PartId; externalId: ExternalMessageId }>,
): Promise<{ isChanged: boolean }> {
  const values = [tx.orgId, channelId, own.externalId, own.messageId]
  tx.write(
    `update conversations v set read_until = greatest(v.read_until, ${placeOf('m', 'p')})
     from early_reads r, messages m, message_parts p where r.org_id = $1 and r.channel_id = $2 and r.external_id = $3
       and m.org_id = $1 and m.id = $4 and p.org_id = $1 and p.id = $5 and v.org_id = $1 and v.id = m.conversation_id`,
    [...values, own.partId],
  )
  const edited = await tx.affected(
    `update message_parts p set content = e.content, edited_at = e.edited_at, edit_revision = e.revision
     from early_edits e where e.org_id = $1 and e.channel_id = $2 and e.external_id = $3 and p.org_id = $1 and p.id = $4`,
    [...values.slice(0, 3), own.partId],
  )
  if (edited > 0) await deriveMessages(tx, [own.messageId])
  const [gone] = await tx.rows<{ deleted_at: Date }>(
    'select deleted_at from tombstones where org_id = $1 and channel_id = $2 and external_id = $3',
    values.slice(0, 3),
  )
  if (gone) await applyUnsends(tx, [{ ...own, isOurs: true, at: gone.deleted_at }])
  settleEarly(tx, channelId, [own.externalId])
  return { isChanged: edited > 0 || gone !== undefined }
}

/** Words and reactions go with a message that was taken back, also before it came. That it was seen is told of others too. */
export function forgetWords(tx: Tx, channelId: ChannelId, externalIds: readonly ExternalMessageId[]): void {
  if (externalIds.length === 0) return
  remove(tx, 'early_edits', channelId, externalIds)
  remove(tx, 'reactions', channelId, externalIds)
  tx.write(
    `delete from own_reactions where org_id = $1 and message_id in (
       select message_id from message_parts where org_id = $1 and channel_id = $2 and external_id = any($3))`,
    [tx.orgId, channelId, externalIds],
  )
}

function remove(
  tx: Tx,
  table: 'early_edits' | 'early_reads' | 'reactions',
  channelId: ChannelId,
  externalIds: readonly ExternalMessageId[],
): void {
  tx.write(`delete from ${table} where org_id = $1 and channel_id = $2 and external_id = any($3)`, [
    tx.orgId,
    channelId,
    externalIds,
  ])
}

/** The latest of each person to each message; which one that is was decided under the lock of the message's conversation. */
export function keepReactions(tx: Tx, channelId: ChannelId, reactions: IntakeChanges['reactions']): void {
  insertRows(
    tx,
    'reactions',
    {
      org_id: 'uuid',
      channel_id: 'uuid',
      external_id: 'text',
      actor: 'text',
      name: 'text',
      emoji: 'text',
      reacted_at: 'timestamptz(3)',
    },
    reactions.map(({ externalId, actor, reaction, at }) => ({
      org_id: tx.orgId,
      channel_id: channelId,
      external_id: externalId,
      actor,
      name: reaction?.name ?? null,
      emoji: reaction?.emoji ?? null,
      reacted_at: at,
    })),
    // An agent's own, told back, is still theirs.
    `on conflict (org_id, channel_id, external_id, actor) do update
       set name = excluded.name, emoji = excluded.emoji, reacted_at = excluded.reacted_at,
         member_id = case when replace(reactions.emoji, U&'\\FE0F', '') = replace(excluded.emoji, U&'\\FE0F', '') then reactions.member_id end`,
  )
}
