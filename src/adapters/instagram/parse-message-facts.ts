import type { InboundEvent, Reaction } from '../../core/channel/inbound-event.ts'
import type { ExternalUserId } from '../../core/ids.ts'
import { asShape, readText, readWhole } from '../channel-kit/fields.ts'
import { readMessageId, readUserId } from './ids.ts'
import { known, type Scope, unknown } from './scope.ts'
import type { MessageEdit, MessageReaction, MessageSeen, MessagingItem, Party } from './webhook-payload.ts'

/** More than anybody can make (five): a bound for the store. */
const MAX_EDITS = 1000

/**
 * New messages are announced as edits with `num_edit` 0 and no text, often without sender, now and then in place of the message.
 * https://github.com/chatwoot/chatwoot/issues/15494
 */
export function readEdit(item: MessagingItem, at: Date): InboundEvent {
  const edit = asShape<MessageEdit>(item.message_edit)
  if (edit === null) return unknown('not-an-object', at)
  const text = readText(edit.text)
  const revision = readWhole(edit.num_edit)
  const externalId = readMessageId(edit.mid)
  if (text === null || revision === 0)
    return externalId === null ? known('ghost-edit', at) : { type: 'announced', at, externalId }
  if (externalId === null) return unknown('no-message-id', at)
  if (revision === null || revision < 0 || revision > MAX_EDITS) return unknown('unusable-edit', at)
  return { type: 'edit', at, externalId, text, revision }
}

const MAX_WORD_CHARS = 64

export function readReaction(item: MessagingItem, at: Date, scope: Scope): InboundEvent {
  const fields = asShape<MessageReaction>(item.reaction)
  if (fields === null) return unknown('not-an-object', at)
  const externalId = readMessageId(fields.mid)
  if (externalId === null) return unknown('no-message-id', at)
  const sender = readUserId(asShape<Party>(item.sender)?.id)
  if (sender === null) return unknown('no-customer', at)
  // The account reacts once, whichever of its ids it is called by.
  const actor = scope.ownIds.has(sender) ? (scope.account as string as ExternalUserId) : sender
  const action = readText(fields.action) ?? readText(fields.verb)
  const isTakenBack = action === 'unreact' || action === 'remove'
  return { type: 'reaction', at, externalId, actor, reaction: isTakenBack ? null : reactionOf(fields) }
}

/** A custom emoji comes as `other` with the emoji; an old client may send neither word nor emoji. */
function reactionOf({ reaction, emoji }: MessageReaction): Reaction {
  const bounded = (value: unknown) => {
    const text = readText(value)
    return text !== null && text.length <= MAX_WORD_CHARS ? text : null
  }
  return { name: bounded(reaction) ?? 'other', emoji: bounded(emoji) }
}

/** There is no watermark: the id is that of the last message seen. */
export function readSeen(item: MessagingItem, at: Date, scope: Scope): InboundEvent {
  const seen = asShape<MessageSeen>(item.read)
  if (seen === null) return unknown('not-an-object', at)
  const reader = readUserId(asShape<Party>(item.sender)?.id)
  if (reader !== null && scope.ownIds.has(reader)) return known('own-read', at)
  const externalId = readMessageId(seen.mid)
  return externalId === null ? unknown('no-message-id', at) : { type: 'read', at, externalId }
}
