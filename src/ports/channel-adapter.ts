import type { ChannelCapabilities, CommentAction } from '../core/channel/capabilities.ts'
import type { ChannelAccount, Delivery, Demand, OutboundMessage, RefusalCode } from '../core/channel/delivery.ts'
import type { InboundEvent, MessageReceived, ParsedWebhook, Person } from '../core/channel/inbound-event.ts'
import type { Pacing } from '../core/channel/pacing.ts'
import type { ExternalAccountId, ExternalMessageId, ExternalUserId } from '../core/ids.ts'
import type { AccountLogin } from './account-login.ts'
import type { AccountSubscriptions } from './account-subscriptions.ts'

/** A network that customers write on. A missing feature is an absent facet, not a method that throws. */
export interface ChannelAdapter {
  /** What `POST /orgs/{orgId}/channels` names, for example `INSTAGRAM`. */
  readonly type: string
  /** What customers and tickets carry; several types may share one. */
  readonly platform: string
  readonly settings: ChannelSettings
  readonly capabilities: ChannelCapabilities
  readonly webhook: WebhookVerifier
  readonly parser: InboundParser
  readonly sender: OutboundSender
  /** `API` where any program posts what customers write; absent where they write on the network itself. */
  readonly inboundVia?: 'API'
  /** Absent where the network does not say how fast it may be called. */
  readonly pacing?: Pacing
  /** Absent where the network has no profiles. */
  readonly profiles?: ProfileLookup
  /** Absent where nothing is posted that people could speak of. */
  readonly media?: MediaLookup
  /** Absent where the network tells nothing of what was written before. */
  readonly history?: HistoryReader
  /** Absent where nobody comments. */
  readonly comments?: Comments
  /** Absent where nothing is told but messages. */
  readonly signals?: Signals
  /** Absent where accounts are connected by pasted credentials only. */
  readonly logins?: readonly AccountLogin[]
  /** Absent where events come without being asked for, account by account. */
  readonly subscriptions?: AccountSubscriptions
  /** Absent where access tokens have no end, or cannot be prolonged. */
  readonly tokens?: TokenRefresh
  /** Absent where the network tells nothing of a connection. */
  readonly doctor?: ConnectionDoctor
  /** Absent where every channel has an address of its own. */
  readonly app?: AppWebhook
}

/** One address for all accounts of an app of the operator's: `/webhook/{name}`. */
export interface AppWebhook {
  readonly name: string
  /** Any of them signs; empty where the operator has set none. */
  readonly secrets: readonly string[]
  readonly verifyTokens: readonly string[]
  /** That an account's owner takes their consent back, as the platform signs it; null for what no secret signs. Never throws. */
  signedRequest?(body: Uint8Array): SignedRequest | null
}

/** Null for what it does not tell. */
export type SignedRequest = Readonly<{ user: string | null; issuedAt: Date | null }>

export interface ChannelSettings {
  /**
   * JSON Schema (2020-12) of `config`. `x-secret: true` marks what is encrypted and never returned,
   * `x-installation-default: NAME` what the installation may supply while it has one organization.
   */
  readonly schema: Readonly<Record<string, unknown>>
  /** The account the channel speaks for: what a webhook body must name. */
  account(config: Readonly<Record<string, unknown>>): ExternalAccountId
  /** What stands for the app that calls go through, where the network limits those of all its accounts together. */
  app?(config: Readonly<Record<string, unknown>>): string
  /** Names of the settings that calls are made with: giving one anew makes a channel go on that needed it. */
  readonly credentials?: readonly string[]
  /** Another id that webhooks may call the account by; null where there is none. */
  alias?(config: Readonly<Record<string, unknown>>): ExternalAccountId | null
  /** Names of the settings by which an account was proven: a change made by hand ends its verified binding. */
  readonly proof?: readonly string[]
  /** Names of the settings that verify webhooks, in the order to try. */
  readonly webhookSecrets: readonly string[]
  /** Names of the settings that the platform's handshake is compared with. */
  readonly verifyTokens: readonly string[]
}

/** What arrived, before anybody looked inside. Header names are lower case. */
export type RawWebhook = Readonly<{ body: Uint8Array; headers: Readonly<Record<string, string | undefined>> }>

export interface WebhookVerifier {
  /** The answer to the platform's GET handshake, or null to refuse it. Absent where the network has none. */
  handshake?(query: URLSearchParams, verifyTokens: readonly string[]): string | null
  /** Checks the exact bytes received against each secret, in constant time and without I/O: which one matched, -1 for none. */
  verify(request: RawWebhook, secrets: readonly string[]): number
}

export type SplitWebhook =
  | Readonly<{
      readable: true
      /** Each a body of its own; an account comes once, or once for each entry where they are wanted apart. */
      shares: readonly Readonly<{ account: ExternalAccountId; body: string; entries: number }>[]
    }>
  | Readonly<{ readable: false; reason: string }>

export type ParseOptions = Readonly<{
  /** Stands in where the platform gave no usable time. */
  receivedAt: Date
  /** The channel's own account: what a hand-made call counts for, whatever id it names. */
  account: ExternalAccountId
  /** Other ids of the channel's own account. */
  aliases?: readonly ExternalAccountId[]
  /** False for a hand-made call under `ALLOW_UNVERIFIED_WEBHOOKS`; then the plain JSON form is taken as well. */
  verified: boolean
}>

export interface InboundParser {
  /**
   * Reads one body; it may carry many events of many accounts. Total: never throws, whatever the bytes. What it does not
   * know becomes an `unhandled` event beside its neighbours, never dropped.
   */
  parse(body: Uint8Array, options: ParseOptions): ParsedWebhook
  /** Parts a body for a whole app by account and looks no further. Total, as `parse`. Goes with `app`. */
  split?(body: Uint8Array, how?: Readonly<{ apart: boolean }>): SplitWebhook
  /**
   * A body of its own (an account's share) without the words of the messages that were taken back; parsed again it gives the
   * same events, those messages without content. Never throws. Absent where the network has no unsending: then nothing of the
   * body is kept.
   */
  redact?(body: string, gone: ReadonlySet<ExternalMessageId>): string
  /**
   * A body of its own without the items of which `isGone` says so, whole: words, ids and all. Asked of each event of an item of
   * the account, with the ids that the item holds. The same text where there are none, empty where nothing is left or the body
   * cannot be read. Never throws. Absent: nothing of the body is kept.
   */
  erase?(
    body: string,
    options: ParseOptions,
    isGone: (event: InboundEvent, names: (id: string) => boolean) => boolean,
  ): string
}

export interface OutboundSender {
  /** Resolves for every answer the network gives, and for none (a timeout is `unknown`); rejects only on a bug. */
  send(message: OutboundMessage, account: ChannelAccount, signal: AbortSignal): Promise<Delivery>
}

/** What the network wants of the account's next calls, whatever it answered to this one. */
export type Demanding = Readonly<{ demands?: readonly Demand[] }>

/**
 * An answer to any look-up: asked too soon, or the network is in trouble. The same call can be made again; `afterMs` is the
 * network's own wish.
 */
export type PutOff = Readonly<{ status: 'retry'; afterMs: number | null; detail: string }>

/** An answer to any look-up: the account's token is dead, and the look-up waits for another. */
export type Reauthorize = Readonly<{ status: 'reauthorize'; alert: boolean; detail: string }>

export type RefreshAnswer = Demanding &
  (
    | Readonly<{ status: 'refreshed'; secrets: Readonly<Record<string, string>>; expiresAt: Date | null }>
    /** Too early, or not now: the token stays what it is. */
    | Readonly<{ status: 'withheld'; detail: string }>
    | PutOff
    | Reauthorize
  )

export interface TokenRefresh {
  /** False where this account's token has no end. */
  canRefresh(account: ChannelAccount): boolean
  /** Resolves for every answer; the caller sees to it that the token is at least a day old. */
  refresh(account: ChannelAccount, signal: AbortSignal): Promise<RefreshAnswer>
}

/** One question about a connection. */
export type ConnectionCheck = Readonly<{
  name: string
  /** Null where it cannot be known. */
  ok: boolean | null
  detail: string
  /** What to do, in one sentence; null where nothing is to be done. */
  fix: string | null
}>

export interface ConnectionDoctor {
  /** The installation's own apps, as events name the one that has a conversation; none where none is configured. */
  readonly ownApps: readonly string[]
  /** Asks the network about the account. Resolves for every answer and for none. */
  examine(
    /** `missingPermissions`: as far as it was told before; null where it was not. */
    account: ChannelAccount & Readonly<{ missingPermissions: readonly string[] | null }>,
    signal: AbortSignal,
  ): Promise<Examination>
}

export type Examination = Demanding &
  Readonly<{
    checks: readonly ConnectionCheck[]
    reauthorize: Reauthorize | null
    /** What the token may not do and should; absent where this has shown nothing of it. */
    missingPermissions?: readonly string[]
  }>

export type Profile = Readonly<{ username: string | null; name: string | null; pictureUrl: string | null }>

export type ProfileAnswer = Demanding &
  (
    | Readonly<{ status: 'found'; profile: Profile }>
    /** The platform will not tell, now or ever; a placeholder name stays. */
    | Readonly<{ status: 'withheld'; detail: string }>
    | PutOff
    | Reauthorize
  )

export interface ProfileLookup {
  look(user: ExternalUserId, account: ChannelAccount, signal: AbortSignal): Promise<ProfileAnswer>
}

/** A post or story of the account's own. Its thumbnail is the platform's own link, which stops working after days. */
export type Media = Readonly<{
  permalink: string | null
  caption: string | null
  thumbnailUrl: string | null
  /** When a story is over; null for what stays. */
  expiresAt: Date | null
}>

/** What people commented on, or a story that was answered. */
export type AskedMedia = Readonly<{
  mediaId: string
  /** One under it, if any: of an album the network may name a picture alone, and the album by a comment only. */
  commentId: ExternalMessageId | null
}>

export type MediaAnswer = Demanding &
  (
    | Readonly<{ status: 'found'; media: Media }>
    /** Deleted, over, or not the account's own. */
    | Readonly<{ status: 'gone'; detail: string }>
    /** The platform will not tell, which says nothing of whether it is there. */
    | Readonly<{ status: 'withheld'; detail: string }>
    | PutOff
    | Reauthorize
  )

/** What somebody wrote where they named the account. */
export type Mention = Readonly<{ text: string | null; username: string | null; mediaUrl: string | null }>

export type MentionAnswer = Demanding &
  (
    | Readonly<{ status: 'found'; mention: Mention }>
    | Readonly<{ status: 'gone'; detail: string }>
    | PutOff
    | Reauthorize
  )

export interface MediaLookup {
  /** The message is called as the parser called it. */
  mention(
    at: Readonly<{ mediaId: string; externalId: ExternalMessageId }>,
    account: ChannelAccount,
    signal: AbortSignal,
  ): Promise<MentionAnswer>
  look(asked: AskedMedia, account: ChannelAccount, signal: AbortSignal): Promise<MediaAnswer>
}

/** A message as the network lists it, in the words that its webhook would have had. */
export type HistoryMessage = Pick<
  MessageReceived,
  'externalId' | 'at' | 'kind' | 'text' | 'attachments' | 'context' | 'replyToExternalId'
> &
  Readonly<{
    author: 'CUSTOMER' | 'ACCOUNT'
    /** The customer, whoever wrote it. */
    person: Person
  }>

export type ListedConversation = Readonly<{
  /** The network's; only `conversation` understands it. */
  externalId: string
  /** Of its newest message; null where the network does not say. */
  updatedAt: Date | null
  /** Null where it cannot be told from the account, as in a group. */
  person: Person | null
  /** Ids of its newest messages, newest first: enough to see whether some are missing here. */
  messages: readonly Readonly<{ externalId: ExternalMessageId; at: Date | null }>[]
}>

/** Why the network does not tell: `gone` is of this one thing, the others concern the whole account. */
export type HistoryRefusal = 'gone' | 'credentials-rejected' | 'permission-missing' | 'refused'

export type HistoryAnswer<Found> = Demanding &
  (
    | (Readonly<{ status: 'found' }> & Found)
    /** `alert`: of `credentials-rejected`, whether the administrators are to be told at once. */
    | Readonly<{ status: 'withheld'; reason: HistoryRefusal; alert?: boolean; detail: string }>
    | PutOff
  )

export type ConversationPage = Readonly<{
  conversations: readonly ListedConversation[]
  /** Where the next page begins, also in another process and later; null after the last. */
  nextCursor: string | null
}>

export type HistoryMessages = Readonly<{ messages: readonly HistoryMessage[] }>

/**
 * What was written before, or was never delivered. Each method is one call to the network, resolves for every answer and for
 * none, and leaves pacing to its caller.
 */
export interface HistoryReader {
  /** Calls a second that the network allows for one account. */
  readonly callsPerSecond: number
  /** The account's conversations, the one with the newest message first. */
  conversations(
    from: Readonly<{ cursor: string | null; limit: number }>,
    account: ChannelAccount,
    signal: AbortSignal,
  ): Promise<HistoryAnswer<ConversationPage>>
  /** The newest messages of one conversation, newest first, as many as the network gives details of. */
  conversation(
    listed: Pick<ListedConversation, 'externalId' | 'person'>,
    account: ChannelAccount,
    signal: AbortSignal,
  ): Promise<HistoryAnswer<HistoryMessages>>
  /** The newest messages with this person, newest first; none where there is no such conversation. */
  withPerson(
    person: ExternalUserId,
    account: ChannelAccount,
    signal: AbortSignal,
  ): Promise<HistoryAnswer<HistoryMessages>>
  /** One message; `gone` where it was taken back, or is too old for the network to give details of. */
  message(
    externalId: ExternalMessageId,
    account: ChannelAccount,
    signal: AbortSignal,
  ): Promise<HistoryAnswer<Readonly<{ message: HistoryMessage }>>>
}

export type OwnReply = Readonly<{ externalId: ExternalMessageId; at: Date; text: string | null }>

export type ModerationAnswer = Demanding &
  (
    | Readonly<{ status: 'done' }>
    /** There is no such comment (any more). */
    | Readonly<{ status: 'gone' | 'refused'; detail: string; platformCode: string | null }>
    | PutOff
    | Reauthorize
  )

export interface Comments {
  /** Doing it twice is doing it once. */
  moderate(
    comment: ExternalMessageId,
    action: CommentAction,
    account: ChannelAccount,
    signal: AbortSignal,
  ): Promise<ModerationAnswer>
  /** What the account itself wrote under a top-level comment, as far as one page tells. */
  own(
    comment: ExternalMessageId,
    account: ChannelAccount,
    signal: AbortSignal,
  ): Promise<HistoryAnswer<Readonly<{ replies: readonly OwnReply[] }>>>
}

/** What the customer sees besides messages. */
export type Signal =
  /** The account's one reaction to a message; null takes it back. */
  | Readonly<{ type: 'REACTION'; to: ExternalMessageId; emoji: string | null }>
  | Readonly<{ type: 'TYPING'; on: boolean }>
  /** All that they wrote was seen. */
  | Readonly<{ type: 'SEEN' }>

export type SignalAnswer = Demanding &
  (
    | Readonly<{ status: 'done' }>
    /** `detail` is for the log: it may quote the platform. */
    | Readonly<{ status: 'refused'; code: RefusalCode; detail: string; platformCode: string | null }>
    | PutOff
    | Reauthorize
  )

export interface Signals {
  /** Resolves for every answer and for none. Doing it twice is doing it once, so that doubt may be tried again. */
  send(
    signal: Signal,
    person: ExternalUserId,
    account: ChannelAccount,
    abort: AbortSignal,
    requestId: string | null,
  ): Promise<SignalAnswer>
}
