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

/** Where a customer came from: a link with a reference, an ad, a product. Every member may be missing. */
export type Referral = Readonly<{
  /** The platform's word for the place, for example `ADS`. */
  source: string | null
  /** What the account's owner put into the link. */
  ref: string | null
  adId: string | null
  adTitle: string | null
  productId: string | null
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
    referral: Referral | null
  }>

/** The account wrote something, through us or elsewhere (its phone app, another tool). */
export type EchoReceived = At &
  Readonly<{
    type: 'echo'
    /** Where it was written, unless it turns out to be ours. */
    via: 'PLATFORM_APP' | 'BUSINESS_SUITE' | 'OTHER_APP' | 'PLATFORM_AI'
    thread: Thread
    externalId: ExternalMessageId
    kind: MessageKind
    text: string | null
    attachments: readonly Attachment[]
    context: MessageContext | null
    replyToExternalId: ExternalMessageId | null
  }>

/**
 * The account wrote under a comment, through us or elsewhere. No message of anybody's: it only proves a public reply of ours whose
 * answer told nothing.
 */
export type OwnComment = At &
  Readonly<{
    type: 'own-comment'
    externalId: ExternalMessageId
    /** The top-level comment. */
    under: ExternalMessageId
    text: string | null
  }>

// What is said about a message may come before it, in any order and more than once, or for one that never comes.

/** The message's text changed. `revision` counts the edits; the highest wins, whatever the order of arrival. */
export type MessageEdited = At &
  Readonly<{ type: 'edit'; externalId: ExternalMessageId; text: string; revision: number }>

/** The platform has this message, and has not told what is in it: usually it does so at the same moment, sometimes never. */
export type MessageAnnounced = At & Readonly<{ type: 'announced'; externalId: ExternalMessageId }>

/** The message was taken back; its content must go everywhere. */
export type MessageUnsent = At & Readonly<{ type: 'unsend'; externalId: ExternalMessageId }>

/** A person has one reaction to a message at a time: a new one replaces it, null takes it back. */
export type MessageReacted = At &
  Readonly<{
    type: 'reaction'
    externalId: ExternalMessageId
    actor: ExternalUserId
    reaction: Reaction | null
  }>

export type Reaction = Readonly<{
  emoji: string | null
  /** The platform's word for it, for example `love`; `other` for an emoji that it has no word for. */
  name: string
}>

/** The customer has seen this message, and with it all older ones of the account. */
export type MessageRead = At & Readonly<{ type: 'read'; externalId: ExternalMessageId }>

/** The customer came (again) by a link or an ad, without writing anything yet. */
export type CustomerReferred = At & Readonly<{ type: 'referral'; thread: Thread; referral: Referral }>

/** Another app, or ours, was given the conversation. `owner` is the app's id; null where the platform does not say. */
export type ThreadControlled = At & Readonly<{ type: 'thread-control'; thread: Thread; owner: string | null }>

/** The customer agreed to be written to, or no longer does. Not a message: its id is there to recognise a repeat by. */
export type OptedIn = At &
  Readonly<{
    type: 'optin'
    thread: Thread
    externalId: ExternalMessageId
    agrees: boolean
    /** What the business had put on the button or link. */
    payload: string | null
  }>

/** Understood, and nothing to do with it yet; or not understood. Kept raw, counted, never an error. */
export type Unhandled = At & Readonly<{ type: 'unhandled'; known: boolean; reason: string }>

export type InboundEvent =
  | MessageReceived
  | EchoReceived
  | OwnComment
  | MessageEdited
  | MessageAnnounced
  | MessageUnsent
  | MessageReacted
  | MessageRead
  | CustomerReferred
  | ThreadControlled
  | OptedIn
  | Unhandled

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
