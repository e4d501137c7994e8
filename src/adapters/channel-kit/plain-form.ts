import type { InboundEvent } from '../../core/channel/inbound-event.ts'
import type { ExternalAccountId, ExternalMessageId, ExternalUserId } from '../../core/ids.ts'
import { derivedId } from './derived-id.ts'
import { asShape, has, readId, readText, type Shape } from './fields.ts'
import { eventTime } from './time.ts'

// Channel adapters do not import each other. This form is what the `API` channel speaks, and what every other channel takes
// from a developer's hand under ALLOW_UNVERIFIED_WEBHOOKS; so it lives in the kit, which knows the core and no adapter.

type PlainForm = Shape<'senderPhone' | 'senderName' | 'message' | 'messageId' | 'timestamp' | 'metadata'>

const MAX_MESSAGE_ID_BYTES = 512

export const isPlainForm = (value: unknown): boolean => {
  const form = asShape<PlainForm>(value)
  return form !== null && has(form.senderPhone) && (has(form.message) || has(form.messageId))
}

/** `position` tells the messages of one body apart. */
export type PlainFormOrigin = Readonly<{ account: ExternalAccountId; receivedAt: Date; position: number }>

/** `{senderPhone, senderName, message, messageId, timestamp?, metadata?}` as one direct message. */
export function readPlainForm(value: unknown, { account, receivedAt, position }: PlainFormOrigin): InboundEvent {
  const form = asShape<PlainForm>(value) ?? {}
  const at = eventTime([form.timestamp], receivedAt)
  const sender = readId(form.senderPhone)
  const text = readText(form.message)
  if (sender === null || text === null) return { type: 'unhandled', at, known: false, reason: 'plain-form-incomplete' }
  // Without an id two equal texts cannot be told from one delivered twice, unless by when they came.
  const externalId = has(form.messageId)
    ? readId(form.messageId, MAX_MESSAGE_ID_BYTES)
    : derivedId('plain', [account, sender, text, receivedAt.toISOString(), position])
  if (externalId === null) return { type: 'unhandled', at, known: false, reason: 'plain-form-incomplete' }
  return {
    type: 'message',
    at,
    thread: {
      surface: 'DM',
      key: sender,
      person: { externalId: sender as ExternalUserId, username: null, name: readText(form.senderName) },
    },
    externalId: externalId as ExternalMessageId,
    kind: 'TEXT',
    text,
    attachments: [],
    context: null,
    replyToExternalId: null,
    opensWindow: true,
    referral: null,
  }
}
