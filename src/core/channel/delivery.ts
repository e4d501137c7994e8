import type { PauseReason } from '../../ports/views.ts'
import type { ChannelId, ExternalAccountId, ExternalMessageId, ExternalUserId, OrgId } from '../ids.ts'
import type { OutboundContent } from './outbound-content.ts'

/** The stable public code of a send that the platform refused for good. */
export type RefusalCode =
  | 'messaging-window-closed'
  | 'human-agent-not-approved'
  | 'recipient-unavailable'
  | 'recipient-unknown'
  | 'content-refused'
  | 'content-too-long'
  | 'credentials-rejected'
  | 'permission-missing'
  | 'not-thread-owner'
  | 'comment-gone'
  | 'comment-reply-used'
  | 'media-refused'
  | 'account-restricted'
  | 'callback-refused'
  | 'platform-refused'

/** What a network wants of the next calls for the account or for its whole app, whatever became of this one. */
export type Demand = Readonly<{ pauses: 'account' | 'app'; afterMs: number; reason: PauseReason }>

/** What a network answered to a send. Doubt is a value of its own: only a definite refusal may be tried again. */
export type Delivery = Answer &
  Readonly<{
    demands?: readonly Demand[]
    /** The network said nothing at all: it could not be reached, did not answer in time, or the connection broke. */
    unanswered?: boolean
  }>

type Answer =
  | Readonly<{ status: 'accepted'; externalId: ExternalMessageId }>
  | Readonly<{
      status: 'refused'
      code: RefusalCode
      detail: string
      platformCode: string | null
      /** It says something of how the account is used: whoever watches the channel is told. */
      alert?: boolean
    }>
  | Readonly<{
      /** Refused for now: nothing was sent. */
      status: 'retry'
      /** The platform's own wish, else null. */
      afterMs: number | null
      /** Whom the platform asked to wait. */
      pauses: 'message' | 'account' | 'app'
      /** Why the account or the app waits; `throttled` where it is not said. */
      reason?: PauseReason
      /** How often the same may be tried again, and what it comes to after that; without end where it is not said. */
      bound?: Readonly<{ retries: number; code: RefusalCode }>
      detail: string
      platformCode?: string | null
    }>
  | Readonly<{
      /** The account's token is dead: nothing was sent, and nothing will be until somebody connects the account again. */
      status: 'reauthorize'
      /** Whether the administrators are to be told at once. */
      alert: boolean
      detail: string
      platformCode: string | null
    }>
  /** May have been sent: resolved by the echo, never sent again by itself. */
  | Readonly<{ status: 'unknown'; detail: string }>

/** Who reads a message: the customer alone, or everybody under the post. */
export type Audience = 'PRIVATE' | 'PUBLIC'

export type OutboundMessage = Readonly<{
  recipient: Readonly<
    | { type: 'person'; externalId: ExternalUserId }
    /** Its author, in private. */
    | { type: 'comment'; externalId: ExternalMessageId }
    /** Everybody, under this comment. */
    | { type: 'public'; externalId: ExternalMessageId }
  >
  content: OutboundContent
  /** The message of this conversation that it answers; only where the channel can show that. */
  replyTo: ExternalMessageId | null
  /** After the ordinary window: a person wrote it, and the platform has to be told so. */
  asHumanAgent: boolean
  /** Ours, of this one platform message, for networks that take an idempotency key or a reference. */
  reference: string
  /** Follows the message through the logs of both sides. */
  requestId: string | null
}>

/** Whom a call speaks for; comes with every call, adapters keep nothing per organization. */
export type ChannelAccount = Readonly<{
  orgId: OrgId
  channelId: ChannelId
  account: ExternalAccountId
  settings: Readonly<Record<string, unknown>>
  /** Decrypted values of the settings marked `x-secret`. */
  secrets: Readonly<Record<string, string>>
}>
