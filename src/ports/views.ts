import type { Role } from '../core/actor.ts'
import type { SurfaceCapabilities } from '../core/channel/capabilities.ts'
import type { Attachment, MessageContext, MessageKind } from '../core/channel/content.ts'
import type { Audience } from '../core/channel/delivery.ts'
import type { Referral } from '../core/channel/inbound-event.ts'
import type { PartKind, QuickReply, Sticker, Template } from '../core/channel/outbound-content.ts'
import type { EventActor, EventType } from '../core/event/domain-event.ts'
import type {
  ApiKeyId,
  ChannelId,
  CustomerId,
  DeadLetterId,
  ErasureId,
  ExportId,
  ImportId,
  InvitationId,
  MemberId,
  MessageId,
  NotificationId,
  OrgId,
  PartId,
  RawEventId,
  TicketId,
  UserId,
} from '../core/ids.ts'
import type { LetterState } from '../core/member/invitation.ts'
import type { Permission } from '../core/member/permissions.ts'
import type { TicketKind, TicketStatus } from '../core/ticket/ticket.ts'
import type { ReplyWindow } from '../core/ticket/window.ts'
import type { JobQueueName } from './job-queue.ts'

/** What screens and integrators read. Dates are Dates here and RFC 3339 on the wire; every member is always present. */

export type ReferralView = Referral & Readonly<{ at: Date }>
export type Referrals = Readonly<{ first: ReferralView | null; last: ReferralView | null }>

export type CustomerView = Readonly<{
  id: CustomerId
  orgId: OrgId
  platform: string
  channelId: ChannelId
  externalId: string
  username: string | null
  /** Falls back to the username, then to "Instagram user …1234". */
  displayName: string
  pictureUrl: string | null
  referrals: Referrals
  createdAt: Date
  lastSeenAt: Date
}>

export type TicketView = Readonly<{
  id: TicketId
  number: number
  orgId: OrgId
  channelId: ChannelId
  customerId: CustomerId
  platform: string
  kind: TicketKind
  status: TicketStatus
  assigneeId: MemberId | null
  window: ReplyWindow | null
  /** What can be sent to it; null where no adapter for its channel is installed. */
  capabilities: SurfaceCapabilities | null
  /** The post a comment ticket is about. */
  context: Readonly<{
    mediaId: string | null
    permalink: string | null
    caption: string | null
    /** The platform's own link, which stops working after days. */
    thumbnailUrl: string | null
    /** The platform has it no more. */
    gone: boolean
    adId: string | null
    adTitle: string | null
  }> | null
  /** How the customer came to the conversation, at first and most recently. */
  referrals: Referrals
  /** Who may answer on the platform, as far as it says; null while it has not said. */
  threadOwner: Readonly<{ appId: string | null; since: Date }> | null
  unreadCount: number
  lastMessageAt: Date
  lastMessagePreview: string | null
  previousTicketId: TicketId | null
  /** Of a COMMENT ticket: the DM ticket on which what was begun here privately goes on; null while that is here. */
  linkedTicketId: TicketId | null
  createdAt: Date
  updatedAt: Date
  version: number
}>

export type MessageStatus = 'RECEIVED' | 'QUEUED' | 'SENDING' | 'SENT' | 'DELIVERED' | 'READ' | 'FAILED' | 'UNKNOWN'

export type MessageFailure = Readonly<{
  code: string
  title: string
  detail: string
  /** Whether asking again can help. */
  retryable: boolean
  platformCode: string | null
}>

export type ReactionView = Readonly<{
  /** Null where the platform gave a word only. */
  emoji: string | null
  name: string
  /** MEMBER: an agent, for the account. */
  author: Readonly<{ type: 'CUSTOMER' | 'MEMBER' | 'EXTERNAL'; id: string | null; name: string | null }>
  at: Date
  /** The customer sees what is SENT. */
  status: 'PENDING' | 'SENT' | 'FAILED'
  /** Why the agent's last change was refused. */
  failure: MessageFailure | null
}>

/** One message on the platform. A reply has one for each thing it carries, what came in has one. */
export type PartView = Readonly<{
  id: PartId
  /** From 0, in the order of sending. */
  position: number
  kind: PartKind | 'OTHER'
  content: string | null
  /** Of several that came in one message, the first. */
  attachment: Attachment | null
  quickReplies: readonly QuickReply[]
  template: Template | null
  sticker: Sticker | null
  status: MessageStatus
  failure: MessageFailure | null
  externalId: string | null
  /** Null while it is not with the platform. */
  sentAt: Date | null
  deletedAt: Date | null
}>

export type MessageView = Readonly<{
  id: MessageId
  orgId: OrgId
  ticketId: TicketId
  /** The COMMENT ticket that it was sent from, where it is shown on another. */
  linkedTicketId: TicketId | null
  direction: 'INBOUND' | 'OUTBOUND'
  kind: MessageKind
  /** Who reads it: the other side alone, or everybody under the post. */
  audience: Audience
  /** A comment that the account has hidden from others. */
  hidden: boolean
  content: string | null
  attachments: readonly Attachment[]
  parts: readonly PartView[]
  context: (MessageContext & Readonly<{ gone: boolean }>) | null
  reactions: readonly ReactionView[]
  author: Readonly<{ type: 'CUSTOMER' | 'MEMBER' | 'EXTERNAL' | 'SYSTEM'; id: string | null; name: string | null }>
  via: string
  status: MessageStatus
  failure: MessageFailure | null
  /** What somebody can do about it now. */
  actions: readonly ('RETRY' | 'CHECK_AGAIN' | 'SEND_AGAIN')[]
  /** The message in doubt that this one was sent in place of. */
  resendOf: MessageId | null
  /** The message that was sent in place of this one. */
  resentAs: MessageId | null
  externalId: string | null
  replyToExternalId: string | null
  clientMessageId: string | null
  sentAt: Date
  createdAt: Date
  editedAt: Date | null
  deletedAt: Date | null
  verified: boolean
  /** Written before the account was connected, or too long ago to be news when it was read: nobody was notified. */
  historical: boolean
}>

export type NotificationType =
  | 'TICKET_NEW_UNASSIGNED'
  | 'CUSTOMER_REPLIED'
  | 'CHANNEL_NEEDS_REAUTH'
  | 'CHANNEL_TOKEN_EXPIRING'

export type NotificationView = Readonly<{
  id: NotificationId
  orgId: OrgId
  type: NotificationType
  /** Null for what concerns a channel. */
  ticketId: TicketId | null
  messageId: MessageId | null
  /** The channel that needs somebody; null for what concerns a ticket. */
  channelId: ChannelId | null
  read: boolean
  createdAt: Date
}>

/** A webhook body as it is kept; the body itself is read by `rawEventBody`. */
export type RawEventView = Readonly<{
  id: RawEventId
  channelId: ChannelId
  status: 'PROCESSED' | 'QUARANTINED'
  /** Why it is put aside; null for one that is processed. */
  reason: string | null
  verified: boolean
  requestId: string | null
  /** Of the body as it is kept now; 0 where all of it was taken out. */
  bytes: number
  /** How many messages came in it. */
  messages: number
  receivedAt: Date
  processedAt: Date
}>

/** Work of the organization that was given up. */
export type DeadLetterView = Readonly<{
  id: DeadLetterId
  queue: JobQueueName
  /** `crashed`: whoever worked on it always died or hung; `unreadable`: it says nothing; `failed`: it failed each time. */
  reason: 'failed' | 'crashed' | 'unreadable'
  /** How often it was tried. */
  attempts: number
  deadAt: Date
}>

/**
 * Why a channel sends nothing: somebody's wish, a rejected token, the network's wish for the account or its whole app, or that no
 * call for it is answered.
 */
export type PauseReason =
  | 'paused'
  | 'needs-reauth'
  | 'throttled'
  | 'app-throttled'
  | 'restricted'
  | 'usage-high'
  | 'unreachable'

export type ChannelStatus = 'ACTIVE' | 'PAUSED' | 'NEEDS_REAUTH' | 'DISCONNECTED'

export type ChannelView = Readonly<{
  id: ChannelId
  orgId: OrgId
  type: string
  platform: string
  name: string
  status: ChannelStatus
  /** The settings without any secret. */
  config: Readonly<Record<string, unknown>>
  /** Names of the secrets that are set. */
  secretsSet: readonly string[]
  /** For how long messages are kept; null: for good. */
  retentionDays: number | null
  /** Its events come through the address that all accounts of the app share: it was connected by login. */
  isBound: boolean
  /** When its credentials were last changed by hand, and when the platform last took them without a reply being sent. */
  proof: Readonly<{ doubtedAt: Date | null; provenAt: Date | null }>
  health: Readonly<{
    lastInboundAt: Date | null
    lastOutboundAt: Date | null
    /** The latest trouble with sending, and when; both null where a reply has gone out after it. */
    lastError: string | null
    lastErrorAt: Date | null
    /** Until when nothing is sent; null where nothing waits, or for no time that is known (then `pauseReason` says why). */
    pausedUntil: Date | null
    pauseReason: PauseReason | null
    badSignatures: number
    unroutable: number
    quarantined: number
    unknown: number
    /** The newest import of what was written before; null where there was none. */
    lastImport: ImportView | null
    /** When the access token ends; null where that is not known, or never. */
    tokenExpiresAt: Date | null
    /** What the access token may not do and should; null where that is not known. */
    missingPermissions: readonly string[] | null
    /** Since when the platform has yet to be told to deliver the account's events; null where it was. */
    subscribingSince: Date | null
    gaps: GapsView
  }>
  createdAt: Date
  updatedAt: Date
  version: number
}>

/** What events tell of a channel: how it is, not how it is set up. */
export type ChannelStateView = Pick<ChannelView, 'id' | 'orgId' | 'type' | 'platform' | 'name' | 'status' | 'health'>

/** What became of a request that a customer's data go. */
export type ErasureView = Readonly<{
  id: ErasureId
  customerId: CustomerId
  /** SWEEPING: the customer is gone, and traces are being looked for. */
  state: 'REQUESTED' | 'SWEEPING' | 'DONE'
  removed: Readonly<{ tickets: number; messages: number; bodies: number }>
  requestedAt: Date
  erasedAt: Date | null
  finishedAt: Date | null
}>

/** What became of a request that a customer's data be written into one file. */
export type ExportView = Readonly<{
  id: ExportId
  customerId: CustomerId
  /** EXPIRED: the file is gone; `expiresAt` says since when. */
  state: 'PENDING' | 'READY' | 'FAILED' | 'EXPIRED'
  tickets: number
  messages: number
  /** Of the file, in UTF-8. */
  bytes: number
  failure: ExportFailure | null
  requestedAt: Date
  finishedAt: Date | null
  /** When the file goes; null while there is none. */
  expiresAt: Date | null
}>

export type ExportFailure = 'too-large' | 'customer-erased' | 'customer-expired' | 'gave-up'

/** Reading what was written before, from the platform. */
export type ImportView = Readonly<{
  id: ImportId
  channelId: ChannelId
  state: 'RUNNING' | 'DONE' | 'FAILED'
  /** Conversations whose newest message is older are left out. */
  since: Date
  maxConversations: number
  /** So far, of those the platform lists. */
  conversations: number
  /** Messages that were compared with what was here. */
  checked: number
  /** Messages that were not here. */
  imported: number
  failure: Readonly<{ code: string; detail: string }> | null
  requestedAt: Date
  updatedAt: Date
  finishedAt: Date | null
}>

/** What the search for messages that were never delivered has come to. */
export type GapsView = Readonly<{
  lastSweepAt: Date | null
  /** Messages that the last sweep compared. */
  checked: number
  /** Messages found since the channel was made. */
  found: number
  lastFoundAt: Date | null
}>

/** An event as it is delivered: the resource is read at that moment, null once it is gone. */
export type EventView = Readonly<{
  id: string
  seq: number
  type: EventType
  occurredAt: Date
  orgId: OrgId
  actor: EventActor
  resource: Readonly<{ type: string; id: string }>
  ticketId: TicketId | null
  changes: Readonly<Record<string, unknown>>
  data: CustomerView | TicketView | MessageView | NotificationView | ChannelStateView | MemberStateView | null
  requestId: string | null
}>

/** A key as its organization sees it. */
export type ApiKeyView = Readonly<{
  id: ApiKeyId
  orgId: OrgId
  /** Who made it: it acts as them, and may never do more than they may. */
  memberId: MemberId
  name: string
  /** How it begins and ends. */
  hint: string
  scopes: readonly Permission[]
  /** Null: those of the organization, whichever there will be. */
  channelIds: readonly ChannelId[] | null
  /** Null: from everywhere. */
  allowedCidrs: readonly string[] | null
  expiresAt: Date | null
  /** To the minute. */
  lastUsedAt: Date | null
  createdAt: Date
  revokedAt: Date | null
}>

export type UserView = Readonly<{ id: UserId; email: string; name: string; createdAt: Date }>
export type OrgView = Readonly<{ id: OrgId; name: string; createdAt: Date }>
export type MemberView = Readonly<{
  id: MemberId
  orgId: OrgId
  userId: UserId
  name: string
  email: string
  role: Role
  status: 'ACTIVE' | 'DISABLED'
  createdAt: Date
}>

/** What an event tells of a member: what the organization itself keeps of them. */
export type MemberStateView = Omit<MemberView, 'email'>

export type MembershipView = Readonly<{
  org: OrgView
  memberId: MemberId
  role: Role
  active: boolean
  /** Sessions of the person that began before it are over for this organization; null while none was ended so. */
  sessionsSince: Date | null
}>

export type InvitationView = Readonly<{
  id: InvitationId
  orgId: OrgId
  email: string
  role: Role
  /** The member who made it, or its latest link. */
  invitedBy: MemberId
  status: 'PENDING' | 'EXPIRED'
  letter: LetterState
  createdAt: Date
  expiresAt: Date
}>
