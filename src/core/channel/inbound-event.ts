import type { ExternalAccountId, ExternalMessageId, ExternalUserId } from '../ids.ts'
import type { Attachment, MessageContext, MessageKind } from './content.ts'

/** Where a conversation happens. A person's direct messages are one conversation, their comments under a post another. */
export type Surface = 'DM' | 'COMMENT' | 'MENTION'

/** The customer, as far as the event names them. */
export type Person = Readonly<{ externalId: ExternalUserId; username: string | null; name: string | null }>

export type Thread = Readonly<{
  surface: Surface
  /** Unique within (channel, surface): the person's id for direct messages, post and person for comments. */
  key: string
  person: Person
}>

type At = Readonly<{
  /** The platform's time of the event, bounded and normalised; the receipt time where it gave none that can be used. */
  at: Date
}>

/** The customer wrote something: the only kind that opens or reopens a ticket and notifies agents. */
export type MessageReceived = At &
  Readonly<{
    type: 'message'
    thread: Thread
    externalId: ExternalMessageId
    kind: MessageKind
    text: string | null
    attachments: readonly Attachment[]
    context: MessageContext | null
    replyToExternalId: ExternalMessageId | null
    /** Whether the platform counts it as opening the reply window. */
    opensWindow: boolean
  }>

/** The account wrote something, through us or elsewhere (its phone app, another tool). */
export type EchoReceived = At &
  Readonly<{
    type: 'echo'
    thread: Thread
    externalId: ExternalMessageId
    kind: MessageKind
    text: string | null
    attachments: readonly Attachment[]
    context: MessageContext | null
    replyToExternalId: ExternalMessageId | null
  }>

/** The message's text changed. `revision` counts the edits; the highest wins, whatever the order of arrival. */
export type MessageEdited = At &
  Readonly<{ type: 'edit'; externalId: ExternalMessageId; text: string; revision: number }>

/** The message was taken back; its content must go everywhere. */
export type MessageUnsent = At & Readonly<{ type: 'unsend'; externalId: ExternalMessageId }>

/** The customer agreed to be written to. Not a message. */
export type OptedIn = At & Readonly<{ type: 'optin'; thread: Thread; payload: string | null }>

/** Understood, and nothing to do with it yet; or not understood. Kept raw, counted, never an error. */
export type Unhandled = At & Readonly<{ type: 'unhandled'; known: boolean; reason: string }>

export type InboundEvent = MessageReceived | EchoReceived | MessageEdited | MessageUnsent | OptedIn | Unhandled

/** The share of one webhook body that belongs to one account. */
export type AccountShare = Readonly<{
  account: ExternalAccountId
  /** The platform's dashboard sends samples under an account that does not exist: counted, nothing made. */
  isTest: boolean
  /** The account's part of the body as JSON text, so that nobody reads another account's entries in their raw events. */
  body: string
  events: readonly InboundEvent[]
}>

/** A parsed body. `unreadable` is quarantined with its reason. */
export type ParsedWebhook =
  | Readonly<{ readable: true; shares: readonly AccountShare[] }>
  | Readonly<{ readable: false; reason: string }>
