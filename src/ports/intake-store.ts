import type { Attachment, AttachmentType, MessageContext, MessageKind } from '../core/channel/content.ts'
import type { EchoReceived, Reaction, Referral, Surface, Thread } from '../core/channel/inbound-event.ts'
import type { PartKind } from '../core/channel/outbound-content.ts'
import type { Erased } from '../core/customer/erased.ts'
import type {
  ChannelId,
  ConversationId,
  CustomerId,
  ExternalMessageId,
  ExternalUserId,
  MemberId,
  MessageId,
  NotificationId,
  PartId,
  RawEventId,
  TicketId,
} from '../core/ids.ts'
import type { TicketStatus } from '../core/ticket/ticket.ts'
import type { AskedMedia } from './channel-adapter.ts'
import type { MessageStatus } from './views.ts'
import type { RawDelivery } from './webhook-intake.ts'

/** What ingestion touches, loaded and locked: everything a pure decision needs. */
export type IntakeState = Readonly<{
  /** Active members, who are notified. */
  memberIds: readonly MemberId[]
  conversations: readonly ConversationState[]
  /** Customers made by this load. */
  newCustomers: readonly CustomerId[]
  /** Parts known by the external ids asked for. */
  parts: ReadonlyMap<ExternalMessageId, KnownPart>
  tombstones: ReadonlyMap<ExternalMessageId, Date>
  /** What was said of messages that were not there yet. */
  early: ReadonlyMap<ExternalMessageId, EarlyFacts>
  /** Of the messages that events speak of. */
  reactions: readonly StoredReaction[]
  /** Of those asked for: what was told already. */
  optIns: ReadonlySet<ExternalMessageId>
}>

/** One text that a message had; `revision` is the platform's count of edits. */
export type Edit = Readonly<{ revision: number; at: Date; text: string }>

export type EarlyFacts = Readonly<{ edit: Edit | null; isRead: boolean }>

/** The latest of a person to a message, known or not; kept when it was taken back, so that a late one does not bring it back. */
export type StoredReaction = Readonly<{
  externalId: ExternalMessageId
  actor: ExternalUserId
  reaction: Reaction | null
  at: Date
}>

export type DatedReferral = Referral & Readonly<{ at: Date }>

export type ThreadOwner = Readonly<{ appId: string | null; at: Date }>

export type ConversationState = Readonly<{
  id: ConversationId
  customerId: CustomerId
  surface: Surface
  key: string
  person: ExternalUserId
  windowOpenedAt: Date | null
  /** The customer has seen what the account wrote until then; null for nothing. */
  readUntil: Date | null
  firstReferral: DatedReferral | null
  lastReferral: DatedReferral | null
  threadOwner: ThreadOwner | null
  /** The account's messages after `readUntil`; loaded only where something was seen. */
  unseen: readonly Readonly<{ messageId: MessageId; ticketId: TicketId; sentAt: Date }>[]
  /** The one that is not RESOLVED, if any. */
  open: Readonly<{ id: TicketId; status: TicketStatus }> | null
  newestResolved: Readonly<{ id: TicketId; resolvedAt: Date }> | null
  /** Whose tickets show what was said in it last, where they are another conversation's: that one is in the state too. */
  joined: ConversationId | null
  /** Ours, on their way or in doubt, without a platform id yet. */
  inFlight: readonly InFlight[]
  /** The same of our public replies in this conversation; loaded only where something was written under their comment. */
  publicInFlight: readonly PublicInFlight[]
}>

export type InFlight = Readonly<{
  partId: PartId
  messageId: MessageId
  ticketId: TicketId
  status: 'SENDING' | 'UNKNOWN'
  /** Statuses of the message's other parts. */
  others: readonly MessageStatus[]
  kind: PartKind
  text: string | null
  attachmentType: AttachmentType | null
  /** The message's own time, as it is listed by. */
  sentAt: Date
  startedAt: Date
}>

/** `under`: the top-level comment. */
export type PublicInFlight = InFlight & Readonly<{ under: ExternalMessageId }>

export type KnownPart = Readonly<{
  partId: PartId
  messageId: MessageId
  ticketId: TicketId
  conversationId: ConversationId
  direction: 'INBOUND' | 'OUTBOUND'
  /** A part of a reply of ours, which has its own content; else the message has it. */
  isOurs: boolean
  isOneOfSeveral: boolean
  sentAt: Date
  deletedAt: Date | null
  /** The edit whose text it shows; null for the first text. */
  edit: Edit | null
}>

export type NewTicket = Readonly<{
  id: TicketId
  conversationId: ConversationId
  customerId: CustomerId
  kind: Surface
  status: TicketStatus
  context: Readonly<Record<string, unknown>> | null
  previousTicketId: TicketId | null
  at: Date
}>

export type NewMessage = Readonly<{
  id: MessageId
  partId: PartId
  ticketId: TicketId
  conversationId: ConversationId
  /** Its ticket is another conversation's. */
  elsewhere: boolean
  direction: 'INBOUND' | 'OUTBOUND'
  kind: MessageKind
  content: string | null
  attachments: readonly Attachment[]
  context: MessageContext | null
  authorType: 'CUSTOMER' | 'EXTERNAL'
  via: 'PLATFORM' | 'API' | EchoReceived['via']
  status: 'RECEIVED' | 'SENT'
  externalId: ExternalMessageId
  replyToExternalId: ExternalMessageId | null
  sentAt: Date
  deletedAt: Date | null
  /** An edit that came before it; `content` is its text then. */
  edit: Edit | null
  verified: boolean
  requestId: string | null
  /** Null where it came in no webhook. */
  rawEventId: RawEventId | null
  /** Written before the account was connected, or too long ago to be news. */
  historical: boolean
}>

export type NewNotification = Readonly<{
  id: NotificationId
  memberId: MemberId
  type: 'TICKET_NEW_UNASSIGNED' | 'CUSTOMER_REPLIED'
  ticketId: TicketId
  messageId: MessageId
}>

/** What ingestion decided; written by `save` in a handful of statements, whatever the batch's size. */
export type IntakeChanges = Readonly<{
  tickets: readonly NewTicket[]
  ticketStatuses: readonly Readonly<{ id: TicketId; status: TicketStatus }>[]
  messages: readonly NewMessage[]
  notifications: readonly NewNotification[]
  /** Moves the window forward; the store keeps the later of the two. */
  windows: readonly Readonly<{ conversationId: ConversationId; openedAt: Date; reason: string }>[]
  /** The customers' last sign of life; the store keeps the later of the two. */
  seen: readonly Readonly<{ customerId: CustomerId; at: Date }>[]
  /** When others last had to do with them; counts until they give a sign of life themselves. */
  heardOf: readonly Readonly<{ customerId: CustomerId; at: Date }>[]
  /** Those that were told of now. */
  optIns: readonly ExternalMessageId[]
  edits: readonly Readonly<{ part: KnownPart; edit: Edit }>[]
  /** For messages that are still to come. */
  earlyEdits: readonly Readonly<{ externalId: ExternalMessageId; edit: Edit }>[]
  earlyReads: readonly ExternalMessageId[]
  /** Messages that the platform has and we have not: asked for by jobs of their own, unless they come meanwhile. */
  announced: readonly Readonly<{ externalId: ExternalMessageId; requestId: string | null }>[]
  /** What was kept for them is used up: they are there now. */
  settled: readonly ExternalMessageId[]
  reactions: readonly StoredReaction[]
  /** Absolute values, decided under the conversation's lock. */
  conversations: readonly Readonly<{
    id: ConversationId
    readUntil: Date | null
    firstReferral: DatedReferral | null
    lastReferral: DatedReferral | null
    threadOwner: ThreadOwner | null
  }>[]
  unsends: readonly Readonly<{ part: KnownPart; at: Date }>[]
  tombstones: readonly Readonly<{ externalId: ExternalMessageId; at: Date }>[]
  /** Sends that an echo proves. */
  proven: readonly Readonly<{ inFlight: InFlight; conversationId: ConversationId; externalId: ExternalMessageId }>[]
  /** Tickets whose derived facts (last message, preview, unread count) are to be computed again. */
  touched: readonly TicketId[]
  /** People whose profile is to be looked up by a job of its own. */
  lookUps: readonly Readonly<{ customerId: CustomerId; person: ExternalUserId; requestId: string | null }>[]
  /** Posts and stories that messages are about; looked up by jobs of their own unless they were lately. */
  media: readonly AskedMedia[]
  /** Messages of which only the place is known. */
  mentions: readonly Readonly<{ externalId: ExternalMessageId; mediaId: string }>[]
}>

export type RawShare = Readonly<{
  delivery: RawDelivery
  body: Uint8Array
  /** Messages whose words are in it, apart from those that came in with it. */
  copies: readonly ExternalMessageId[]
}>

export type QuarantinedDelivery = Readonly<{
  delivery: RawDelivery
  body: Uint8Array
  reason: string
  detail: string | null
}>

/** A name with the time at which the platform told it. */
export type DatedName = Readonly<{ is: string; at: Date }>

/** What the platform calls somebody: it may tell one name without the other, so each has a time of its own. */
export type GivenNames = Readonly<{ externalId: ExternalUserId; username: DatedName | null; name: DatedName | null }>

export type IntakeRequest = Readonly<{
  channelId: ChannelId
  /** Conversations that events belong to, with the newest time. */
  threads: readonly (Thread & { at: Date })[]
  /** What people of these conversations are called; at most one each. */
  names: readonly GivenNames[]
  /** Messages that arrived: which of them are known. */
  arrived: readonly ExternalMessageId[]
  /** Messages that edits, unsends, reactions and reads speak of; their conversations are locked too. */
  spokenOf: readonly ExternalMessageId[]
  /** Comments under which the account wrote: conversations with a public reply of ours under way there are locked too. */
  answered: readonly ExternalMessageId[]
  optIns: readonly ExternalMessageId[]
  /** Whether something was seen, which concerns older messages too. */
  withUnseen: boolean
  /** Whether to look for our own sends under way, which an echo may prove. */
  withInFlight: boolean
}>

/** The people and conversations that are there of those asked for. What the keys are is the store's matter. */
export type KnownThreads = Readonly<{
  customers: ReadonlyMap<string, CustomerId>
  conversations: ReadonlyMap<string, ConversationId>
}>

/** What whoever brings events is told at the door. */
export type Admission = Readonly<{
  /** Conversations of the messages that events speak of. */
  spokenOf: readonly ConversationId[]
  threads: KnownThreads
  /** Of those that were asked for, and what the channel does not keep: neither changes while the transaction lasts. */
  erased: Erased
}>

export interface IntakeStore {
  /**
   * Comes first: from now on nothing that concerns these events can slip past. `ids` are those of people and messages that the
   * events and their bodies hold; it is asked only where somebody of the channel was erased. Rejects with `ChannelGone` where
   * the channel is disconnected.
   */
  admit(input: IntakeRequest, ids: () => Iterable<string>, now: Date): Promise<Admission>
  /**
   * Makes the people and conversations that are missing (rows in sorted order), locks customers and conversations in id
   * order, then reads. `input` is what was admitted, or less.
   */
  open(input: IntakeRequest, admission: Admission): Promise<IntakeState>
  /** The organization's ticket counter is taken last. Answers how many jobs there are to do. */
  save(channelId: ChannelId, changes: IntakeChanges, now: Date): Promise<Readonly<{ jobs: number }>>
  /** Keeps the account's share of each body, also of one that had been put aside; a repeat changes nothing. */
  keepRaw(shares: readonly RawShare[]): Promise<void>
  /** Rewrites all kept bodies of the channel that hold words of these messages, and those put aside that name them. */
  redactRaw(
    channelId: ChannelId,
    externalIds: readonly ExternalMessageId[],
    redact: (body: Uint8Array) => Uint8Array,
  ): Promise<void>
  /** Which of these words are ids of messages that were taken back; until the transaction ends no others are. */
  takenBack(channelId: ChannelId, words: readonly string[]): Promise<ReadonlySet<ExternalMessageId>>
  /** Which of these ids are of people who were erased, or of their messages. Comes after `takenBack`. */
  erasedAmong(channelId: ChannelId, ids: () => Iterable<string>): Promise<Erased>
  quarantine(entries: readonly QuarantinedDelivery[]): Promise<void>
  /** Counters of the channel's health. */
  count(
    channelId: ChannelId,
    counts: { unroutable: number; unknown: number; quarantined: number; lastInboundAt: Date | null },
  ): Promise<void>
}
