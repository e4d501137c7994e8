import type { ChannelCapabilities } from '../core/channel/capabilities.ts'
import type { Audience } from '../core/channel/delivery.ts'
import type { Surface } from '../core/channel/inbound-event.ts'
import type { PartContent } from '../core/channel/outbound-content.ts'
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
import type { ChannelStatus, MessageFailure, MessageStatus, PauseReason } from './views.ts'

/** Where a reply goes; its conversation is locked. */
export type ReplyTarget = Readonly<{
  /** The ticket that shows it. */
  ticketId: TicketId
  /** The one that it is sent from, where another shows it. */
  linkedTicketId: TicketId | null
  /** The ticket is of another conversation than the reply. */
  elsewhere: boolean
  conversationId: ConversationId
  customerId: CustomerId
  person: ExternalUserId
  /** Their data are about to go. */
  isErasing: boolean
  channelId: ChannelId
  channelType: string
  channelStatus: ChannelStatus
  /** Whoever granted its account has taken that back. */
  isWithdrawn: boolean
  /** The channel's, without secrets. */
  settings: Readonly<Record<string, unknown>>
  surface: Surface
  window: Readonly<{ openedAt: Date | null; reason: string | null }>
  /** Of a COMMENT ticket, what is answered unless another is named: the newest without an answer, else the newest that is left. */
  comment: AnsweredComment | null
  /** Where private words on a COMMENT ticket go; null for all others, and for what is stored. */
  direct: DirectMessages | null
}>

/** The direct messages with a person who has commented; locked as well. */
export type DirectMessages = Readonly<{
  conversationId: ConversationId
  /** Its own ticket that is not RESOLVED: while there is one, it shows what is written to the person. */
  openTicketId: TicketId | null
  /** The customer has written directly on the COMMENT ticket. */
  isAnswered: boolean
  window: Readonly<{ openedAt: Date | null; reason: string | null }>
}>

/** A customer's comment that a reply answers: its time opens the window, not that of others in the conversation. */
export type AnsweredComment = Readonly<{
  externalId: ExternalMessageId
  sentAt: Date
  /** Under a live broadcast. */
  isLive: boolean
  /** Another private reply to it is queued, under way, sent or in doubt. */
  answered: boolean
}>

export type CommentStanding = Readonly<{
  externalId: ExternalMessageId
  channelId: ChannelId
  surface: Surface
  isComment: boolean
  isLive: boolean
  hidden: boolean
  isDeleted: boolean
}>

export type NewReply = Readonly<{
  id: MessageId
  /** In the order in which the customer gets them; at least one. */
  parts: readonly Readonly<{ id: PartId; content: PartContent }>[]
  target: ReplyTarget
  memberId: MemberId
  via: 'INBOX' | 'API'
  clientMessageId: string | null
  /** Of the whole request. */
  fingerprint: string
  replyToExternalId: ExternalMessageId | null
  /** The reply in doubt that this one is sent in place of. */
  resendOf?: MessageId
  audience: Audience
  requestId: string
  now: Date
}>

export type StoredMessage = Readonly<{
  id: MessageId
  ticketId: TicketId
  status: MessageStatus
  content: string | null
  direction: 'INBOUND' | 'OUTBOUND'
  audience: Audience
  /** Null for what was stored before there was one. */
  fingerprint: string | null
}>

/** What a message's status was and is; it is derived from its parts. */
export type MessageChange = Readonly<{ messageId: MessageId; from: MessageStatus; to: MessageStatus; parts: number }>

/** The right to send for one conversation: good until its lease, named by its fence. */
export type LaneClaim = Readonly<{
  orgId: OrgId
  conversationId: ConversationId
  channelId: ChannelId
  fence: string
  leaseMs: number
}>

/** The part at the head of a claimed lane: one message on the platform. */
export type Head = Readonly<{
  messageId: MessageId
  partId: PartId
  ticketId: TicketId
  content: PartContent
  surface: Surface
  person: ExternalUserId
  audience: Audience
  /** The comment it answers; `answered`: another private reply to it is with the platform, or may be. */
  comment: Readonly<{
    externalId: ExternalMessageId
    /** The comment itself, or the one that it is a reply to. */
    topLevelId: ExternalMessageId
    answered: boolean
  }> | null
  replyTo: ExternalMessageId | null
  /** The answered comment's own where it is one. */
  window: Readonly<{ openedAt: Date | null; reason: string | null }>
  author: ReplyAuthor
  requestId: string | null
  /** Attempts begun before this one. */
  attempts: number
  /** What the platform answered, in its own codes, since it was last FAILED and since the channel has its token. */
  refusals: readonly string[]
  /** When the first attempt since then began; null before it. What was tried with a dead token does not count against it. */
  firstAttemptAt: Date | null
}>

export type Settlement =
  | Readonly<{ status: 'SENT'; externalId: ExternalMessageId }>
  | Readonly<{ status: 'FAILED'; failure: MessageFailure }>
  /** Back to the head of its lane, not before this time. */
  | Readonly<{ status: 'QUEUED'; notBefore: Date; detail: string; platformCode: string | null }>
  /** The lane is held for a bounded time. */
  | Readonly<{ status: 'UNKNOWN'; holdUntil: Date; detail: string }>

export type Settled = MessageChange &
  Readonly<{
    part: Readonly<{ from: MessageStatus; to: MessageStatus }>
    /** Other messages of ours whose echo this turned out to be, or that changed places with this one. */
    others: readonly (MessageChange & Readonly<{ ticketId: TicketId }>)[]
    /** An echo row that turned out to be this part, and is gone. */
    replaced: MessageId | null
    /** Made when an echo taken for this one was somebody else's. */
    split: MessageId | null
  }>

/** Sending, inside a unit of work of the conversation's organization. */
export interface SendStore {
  /**
   * Locks the conversation; throws `NotFound`. Of a COMMENT ticket and a PRIVATE reply also the customer and the direct messages
   * with them, which it begins where there are none.
   */
  target(ticketId: TicketId, audience: Audience): Promise<ReplyTarget>
  /** Where a stored reply is, with the comment that it answers; locks its conversation. */
  targetOf(
    ticketId: TicketId,
    messageId: MessageId,
  ): Promise<Readonly<{ target: ReplyTarget; message: StoredMessage }> | null>
  /** On one of these tickets, or sent from one; rather the first. */
  byClientMessageId(ticketIds: readonly TicketId[], clientMessageId: string): Promise<StoredMessage | null>
  /** On the ticket, or sent from it. */
  message(ticketId: TicketId, id: MessageId): Promise<StoredMessage | null>
  /** A comment of the same conversation that is still there, by our id; null where there is none. */
  comment(target: ReplyTarget, id: MessageId): Promise<AnsweredComment | null>
  /** The newest comment of the conversation that is still there, answered or not. */
  newestComment(target: ReplyTarget): Promise<AnsweredComment | null>
  /** A message that came in, as far as it may be a comment; null where there is none. */
  standing(ticketId: TicketId, id: MessageId): Promise<CommentStanding | null>
  /** Whether that is new. */
  setHidden(id: MessageId, hidden: boolean): Promise<boolean>
  /** The platform's id of a message of the same conversation; null where there is none, or it is not with the platform. */
  externalIdOf(target: ReplyTarget, id: MessageId): Promise<ExternalMessageId | null>
  /** Stores message and parts QUEUED, takes the conversation's next positions, wakes its lane; the ticket's derived facts follow. */
  enqueue(reply: NewReply): Promise<void>
  /** Its FAILED parts again, at the end of the conversation's line; the others are left alone. */
  requeue(messageId: MessageId, target: ReplyTarget, now: Date): Promise<MessageChange>
  /** The queued part with the lowest position, while the claim's fence still holds; null where there is none. */
  head(claim: LaneClaim): Promise<Head | null>
  /** Commits the intent: SENDING and an attempt with the claim's fence. */
  begin(claim: LaneClaim, head: Head, now: Date): Promise<MessageChange>
  /**
   * Records the outcome and frees or holds the lane. Null where the part has moved on meanwhile and nothing was changed.
   * An answer that comes after the lease still counts for the part: it is the truth.
   */
  settle(
    claim: LaneClaim,
    head: Pick<Head, 'messageId' | 'partId' | 'ticketId'>,
    settlement: Settlement,
    now: Date,
  ): Promise<Settled | null>
  /** Whether the lane's turn has come that it was given when it was too early; it is used up. */
  isItsTurn(claim: LaneClaim): Promise<boolean>
  /** Gives the lane back until its turn. */
  postpone(claim: LaneClaim, waitMs: number): Promise<void>
  /** Gives the lane back without an outcome: IDLE, or READY where something is queued. */
  release(claim: LaneClaim): Promise<void>
  /** The part whose lease ran out while SENDING becomes UNKNOWN; a lane that was only claimed is free again. */
  expire(
    claim: LaneClaim,
    holdUntil: Date,
    now: Date,
  ): Promise<(MessageChange & Readonly<{ partId: PartId; ticketId: TicketId }>) | null>
}

/** Lanes of all organizations, as the system role: ids and states, no content. */
export interface SendLanes {
  /** READY lanes whose time has come and whose channel is not paused; each belongs to the caller until its lease runs out. */
  claim(limit: number, leaseMs: number): Promise<readonly LaneClaim[]>
  /** No lane of a channel that is called through this app is claimed until then, unless it waits for longer already; whether that is news. */
  pauseApp(app: string, until: Date, reason: PauseReason): Promise<boolean>
  /** Lanes whose lease or hold ran out; each is given to one caller. */
  expired(limit: number, leaseMs: number): Promise<readonly LaneClaim[]>
}

export type CapabilitiesOf = (channelType: string) => ChannelCapabilities | null
