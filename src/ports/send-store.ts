import type { ChannelCapabilities } from '../core/channel/capabilities.ts'
import type { Surface } from '../core/channel/inbound-event.ts'
import type {
  ChannelId,
  ConversationId,
  CustomerId,
  ExternalMessageId,
  ExternalUserId,
  MemberId,
  MessageId,
  OrgId,
  PartId,
  TicketId,
} from '../core/ids.ts'
import type { ReplyAuthor } from '../core/ticket/window.ts'
import type { ChannelStatus, MessageFailure, MessageStatus } from './views.ts'

/** A ticket as a reply needs it; its conversation is locked. */
export type ReplyTarget = Readonly<{
  ticketId: TicketId
  conversationId: ConversationId
  customerId: CustomerId
  channelId: ChannelId
  channelType: string
  channelStatus: ChannelStatus
  /** The channel's, without secrets. */
  settings: Readonly<Record<string, unknown>>
  surface: Surface
  window: Readonly<{ openedAt: Date | null; reason: string | null }>
  /** The customer's newest undeleted comment on a COMMENT ticket. */
  newestComment: Readonly<{
    externalId: ExternalMessageId /** A reply to it is queued, under way, sent or in doubt. */
    answered: boolean
  }> | null
}>

export type NewReply = Readonly<{
  id: MessageId
  partId: PartId
  target: ReplyTarget
  content: string
  memberId: MemberId
  via: 'INBOX' | 'API'
  clientMessageId: string | null
  replyToExternalId: ExternalMessageId | null
  requestId: string
  now: Date
}>

export type StoredMessage = Readonly<{
  id: MessageId
  ticketId: TicketId
  status: MessageStatus
  content: string | null
  direction: 'INBOUND' | 'OUTBOUND'
}>

/** The right to send for one conversation: good until its lease, named by its fence. */
export type LaneClaim = Readonly<{
  orgId: OrgId
  conversationId: ConversationId
  channelId: ChannelId
  fence: string
  leaseMs: number
}>

/** The message at the head of a claimed lane. */
export type Head = Readonly<{
  messageId: MessageId
  partId: PartId
  ticketId: TicketId
  text: string
  surface: Surface
  person: ExternalUserId
  /** The comment a private reply answers. */
  commentId: ExternalMessageId | null
  window: Readonly<{ openedAt: Date | null; reason: string | null }>
  author: ReplyAuthor
  requestId: string | null
  /** Attempts begun before this one. */
  attempts: number
  /** When the first attempt began, null before it. */
  firstAttemptAt: Date | null
}>

export type Settlement =
  | Readonly<{ status: 'SENT'; externalId: ExternalMessageId }>
  | Readonly<{ status: 'FAILED'; failure: MessageFailure }>
  /** Back to the head of its lane, not before this time. */
  | Readonly<{ status: 'QUEUED'; notBefore: Date; pauseChannelUntil: Date | null; detail: string }>
  /** The lane is held for a bounded time. */
  | Readonly<{ status: 'UNKNOWN'; holdUntil: Date; detail: string }>

export type Settled = Readonly<{
  from: MessageStatus
  to: MessageStatus /** An echo row that turned out to be this message, and is gone. */
  replaced: MessageId | null /** Made when an echo taken for this one was somebody else's. */
  split: MessageId | null
}>

/** Sending, inside a unit of work of the conversation's organization. */
export interface SendStore {
  /** Locks the conversation; throws `NotFound`. */
  target(ticketId: TicketId): Promise<ReplyTarget>
  byClientMessageId(ticketId: TicketId, clientMessageId: string): Promise<StoredMessage | null>
  message(ticketId: TicketId, id: MessageId): Promise<StoredMessage | null>
  /** Stores message and part QUEUED, takes the conversation's next position, wakes its lane; the ticket's derived facts follow. */
  enqueue(reply: NewReply): Promise<void>
  /** A FAILED one again, at the end of its conversation's line. */
  requeue(messageId: MessageId, target: ReplyTarget, now: Date): Promise<void>
  /** The queued message with the lowest position, while the claim's fence still holds; null where there is none. */
  head(claim: LaneClaim): Promise<Head | null>
  /** Commits the intent: SENDING and an attempt with the claim's fence. */
  begin(claim: LaneClaim, head: Head, now: Date): Promise<void>
  /**
   * Records the outcome and frees or holds the lane. Null where the message has moved on meanwhile and nothing was changed.
   * An answer that comes after the lease still counts for the message: it is the truth.
   */
  settle(
    claim: LaneClaim,
    head: Pick<Head, 'messageId' | 'partId' | 'ticketId'>,
    settlement: Settlement,
    now: Date,
  ): Promise<Settled | null>
  /** Gives the lane back without an outcome: IDLE, or READY where something is queued. */
  release(claim: LaneClaim): Promise<void>
  /** The message whose lease ran out while SENDING becomes UNKNOWN; a lane that was only claimed is free again. */
  expire(claim: LaneClaim, holdUntil: Date, now: Date): Promise<{ messageId: MessageId; ticketId: TicketId } | null>
}

/** Lanes of all organizations, as the system role: ids and states, no content. */
export interface SendLanes {
  /** READY lanes whose time has come and whose channel is not paused; each belongs to the caller until its lease runs out. */
  claim(limit: number, leaseMs: number): Promise<readonly LaneClaim[]>
  /** Lanes whose lease or hold ran out; each is given to one caller. */
  expired(limit: number, leaseMs: number): Promise<readonly LaneClaim[]>
}

export type CapabilitiesOf = (channelType: string) => ChannelCapabilities | null
