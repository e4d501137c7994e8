import type { InboundEvent } from '../../core/channel/inbound-event.ts'
import { derivedId } from '../channel-kit/derived-id.ts'
import { asShape, has, readFlag, readText, readWhole } from '../channel-kit/fields.ts'
import { messageId, readMessageId } from './ids.ts'
import { readContent } from './parse-content.ts'
import { sidesOf } from './parse-sides.ts'
import { type KnownReason, known, type Scope, timeOf, unknown } from './scope.ts'
import type { Message, MessageEdit, MessagingItem, Optin, PayloadKey, Postback } from './webhook-payload.ts'

type Reader = (item: MessagingItem, at: Date, scope: Scope) => InboundEvent

const notYet =
  (reason: KnownReason): Reader =>
  (_item, at) =>
    known(reason, at)

/** One line for each payload: handling a further one means replacing its `notYet`. */
const READERS: Readonly<Record<PayloadKey, Reader>> = {
  message: readMessage,
  message_edit: readEdit,
  postback: readPostback,
  optin: readOptin,
  reaction: notYet('reaction'),
  read: notYet('read'),
  delivery: notYet('delivery'),
  referral: notYet('referral'),
  pass_thread_control: notYet('thread-control'),
  take_thread_control: notYet('thread-control'),
  request_thread_control: notYet('thread-control'),
  app_roles: notYet('app-roles'),
  policy_enforcement: notYet('policy'),
  response_feedback: notYet('feedback'),
}

const KEYS = Object.keys(READERS) as readonly PayloadKey[]

export const isMessagingItem = (value: unknown): boolean => {
  const item = asShape<MessagingItem>(value)
  return item !== null && KEYS.some((key) => has(item[key]))
}

/** Classified on its keys, each item by itself; never by the name of a subscription. */
export function parseMessagingItem(value: unknown, scope: Scope): readonly InboundEvent[] {
  const item = asShape<MessagingItem>(value)
  if (item === null) return [unknown('not-an-object', timeOf(scope))]
  const at = timeOf(scope, item.timestamp)
  const keys = KEYS.filter((key) => has(item[key]))
  return keys.length === 0 ? [unknown('unknown-event', at)] : keys.map((key) => READERS[key](item, at, scope))
}

function readMessage(item: MessagingItem, at: Date, scope: Scope): InboundEvent {
  const message = asShape<Message>(item.message)
  if (message === null) return unknown('not-an-object', at)
  const sides = sidesOf(item, scope)
  if (sides.kind === 'self') return known('self-message', at)
  const externalId = readMessageId(message.mid)
  if (externalId === null) return unknown('no-message-id', at)
  if (readFlag(message.is_deleted)) return { type: 'unsend', at, externalId }
  if (sides.kind === 'contradiction') return unknown('contradictory-echo', at)
  if (sides.kind === 'nobody') return unknown('no-customer', at)
  const event = { at, thread: sides.thread, externalId, ...readContent(message, at) }
  return sides.kind === 'from-account' ? { type: 'echo', ...event } : { type: 'message', ...event, opensWindow: true }
}

/** More than anybody can make (five): a bound for the store. */
const MAX_EDITS = 1000

/** New messages are announced as edits with `num_edit` 0 and no text, often without sender: those overwrite nothing. */
function readEdit(item: MessagingItem, at: Date): InboundEvent {
  const edit = asShape<MessageEdit>(item.message_edit)
  if (edit === null) return unknown('not-an-object', at)
  const text = readText(edit.text)
  const revision = readWhole(edit.num_edit)
  if (text === null || revision === 0) return known('ghost-edit', at)
  const externalId = readMessageId(edit.mid)
  if (externalId === null) return unknown('no-message-id', at)
  if (revision === null || revision < 0 || revision > MAX_EDITS) return unknown('unusable-edit', at)
  return { type: 'edit', at, externalId, text, revision }
}

function readPostback(item: MessagingItem, at: Date, scope: Scope): InboundEvent {
  const postback = asShape<Postback>(item.postback)
  if (postback === null) return unknown('not-an-object', at)
  const sides = sidesOf(item, scope)
  if (sides.kind === 'self' || sides.kind === 'from-account') return known('self-message', at)
  if (sides.kind !== 'from-customer') return unknown('no-customer', at)
  const title = readText(postback.title)
  const payload = readText(postback.payload)
  // A postback can come without an id. Its own time, not that of receipt, keeps a repeated delivery the same message.
  const facts = [scope.account, sides.thread.key, item.timestamp ?? scope.entryTime ?? null, title, payload]
  return {
    type: 'message',
    at,
    thread: sides.thread,
    externalId: readMessageId(postback.mid) ?? messageId(derivedId('postback', facts)),
    kind: 'POSTBACK',
    text: title,
    attachments: [],
    context: { type: 'POSTBACK', permalink: null, mediaId: null, mediaUrl: null, expiresAt: null, payload },
    replyToExternalId: null,
    opensWindow: true,
  }
}

function readOptin(item: MessagingItem, at: Date, scope: Scope): InboundEvent {
  const optin = asShape<Optin>(item.optin)
  if (optin === null) return unknown('not-an-object', at)
  const sides = sidesOf(item, scope)
  if (sides.kind === 'self') return known('self-message', at)
  if (sides.kind !== 'from-customer') return unknown('no-customer', at)
  return { type: 'optin', at, thread: sides.thread, payload: readText(optin.payload) ?? readText(optin.ref) }
}
