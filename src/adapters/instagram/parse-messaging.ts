import { NO_CONTEXT } from '../../core/channel/content.ts'
import type { EchoReceived, InboundEvent } from '../../core/channel/inbound-event.ts'
import { derivedId } from '../channel-kit/derived-id.ts'
import { asShape, has, readFlag, readId, readText } from '../channel-kit/fields.ts'
import { messageId, readMessageId } from './ids.ts'
import { readContent } from './parse-content.ts'
import { readEdit, readReaction, readSeen } from './parse-message-facts.ts'
import { readReferral } from './parse-referral.ts'
import { sidesOf } from './parse-sides.ts'
import { type KnownReason, known, type Scope, timeOf, unknown } from './scope.ts'
import type { Message, MessagingItem, Optin, PayloadKey, Postback, ThreadControl } from './webhook-payload.ts'

type Reader = (item: MessagingItem, at: Date, scope: Scope) => InboundEvent

const nothingToDo =
  (reason: KnownReason): Reader =>
  (_item, at) =>
    known(reason, at)

/** One line for each payload. */
const READERS: Readonly<Record<PayloadKey, Reader>> = {
  message: readMessage,
  message_edit: readEdit,
  postback: readPostback,
  optin: readOptin,
  reaction: readReaction,
  read: readSeen,
  // Of Messenger: on Instagram a message is sent, then seen.
  delivery: nothingToDo('delivery'),
  referral: readReferred,
  pass_thread_control: (item, at, scope) => readThreadControl(item, item.pass_thread_control, at, scope),
  take_thread_control: (item, at, scope) => readThreadControl(item, item.take_thread_control, at, scope),
  // It asks and changes nothing; the owner's answer comes as `pass_thread_control`.
  request_thread_control: nothingToDo('thread-request'),
  app_roles: nothingToDo('app-roles'),
  policy_enforcement: nothingToDo('policy'),
  response_feedback: nothingToDo('feedback'),
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
  if (sides.kind === 'from-account') return { type: 'echo', ...event, via: authorOf(message) }
  return { type: 'message', ...event, opensWindow: true, referral: readReferral(message.referral) }
}

/** The app id of Meta Business Suite's inbox. */
const BUSINESS_SUITE = '263902037430900'

/** Who wrote what did not come from us, as far as the platform says. Its own app sends no app id. */
function authorOf({ ai_generated: byAi, app_id: app }: Message): EchoReceived['via'] {
  if (readFlag(byAi)) return 'PLATFORM_AI'
  const appId = readId(app)
  return appId === null ? 'PLATFORM_APP' : appId === BUSINESS_SUITE ? 'BUSINESS_SUITE' : 'OTHER_APP'
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
    context: { ...NO_CONTEXT, type: 'POSTBACK', payload },
    replyToExternalId: null,
    opensWindow: true,
    referral: readReferral(postback.referral),
  }
}

function readOptin(item: MessagingItem, at: Date, scope: Scope): InboundEvent {
  const optin = asShape<Optin>(item.optin)
  if (optin === null) return unknown('not-an-object', at)
  const sides = sidesOf(item, scope)
  if (sides.kind === 'self') return known('self-message', at)
  if (sides.kind !== 'from-customer') return unknown('no-customer', at)
  const agrees = optin.notification_messages_status !== 'STOP_NOTIFICATIONS'
  const payload = readText(optin.payload) ?? readText(optin.ref)
  // It comes without an id; a repeated delivery carries the same time.
  const facts = [scope.account, sides.thread.key, item.timestamp ?? scope.entryTime ?? null, agrees, payload]
  const externalId = messageId(derivedId('optin', facts))
  return { type: 'optin', at, thread: sides.thread, externalId, agrees, payload }
}

/** An ig.me link or an ad was followed in a conversation that exists. Not a message. */
function readReferred(item: MessagingItem, at: Date, scope: Scope): InboundEvent {
  const referral = readReferral(item.referral)
  if (referral === null) return unknown('empty-referral', at)
  const sides = sidesOf(item, scope)
  if (sides.kind === 'self' || sides.kind === 'from-account') return known('self-message', at)
  if (sides.kind !== 'from-customer') return unknown('no-customer', at)
  return { type: 'referral', at, thread: sides.thread, referral }
}

function readThreadControl(item: MessagingItem, value: unknown, at: Date, scope: Scope): InboundEvent {
  const control = asShape<ThreadControl>(value)
  if (control === null) return unknown('not-an-object', at)
  const sides = sidesOf(item, scope)
  if (sides.kind === 'self') return known('self-message', at)
  if (sides.kind !== 'from-customer' && sides.kind !== 'from-account') return unknown('no-customer', at)
  return { type: 'thread-control', at, thread: sides.thread, owner: readId(control.new_owner_app_id) }
}
