import type {
  ChannelId,
  CustomerId,
  ErasureId,
  ExportId,
  ImportId,
  MemberId,
  MessageId,
  NotificationId,
  OrgId,
  RawEventId,
  TicketId,
} from '../core/ids.ts'
import type { TicketKind, TicketStatus } from '../core/ticket/ticket.ts'
import type { AuditEntryView, AuditFilter } from './audit-log.ts'
import type { DeadLetterFilter } from './dead-letter-store.ts'
import type { RawEventFilter } from './raw-event-store.ts'
import type {
  ChannelView,
  CustomerView,
  DeadLetterView,
  ErasureView,
  EventView,
  ExportView,
  ImportView,
  MessageView,
  NotificationView,
  RawEventView,
  TicketView,
} from './views.ts'

/** A position in a list: the sort value (RFC 3339 or a number as text; null sorts last) and the id that breaks ties. */
export type Position = Readonly<{ key: string | null; id: string }>

export type PageRequest = Readonly<{
  /** 1 to 100. */
  limit: number
  after: Position | null
}>

export type PageOf<T> = Readonly<{ data: readonly T[]; next: Position | null }>

/** Only what is of one of these channels; left out: of all. */
export type ChannelLimit = Readonly<{ channelIds?: readonly ChannelId[] }>

export type CustomerFilter = ChannelLimit & Readonly<{ platform?: string; channelId?: ChannelId }>
export type ChannelFilter = Readonly<{ type?: string; status?: string; ids?: readonly ChannelId[] }>
export type TicketFilter = ChannelLimit &
  Readonly<{
    channelId?: ChannelId
    customerId?: CustomerId
    platform?: string
    kind?: readonly TicketKind[]
    status?: readonly TicketStatus[]
  }>

/**
 * What screens read. Every call is a transaction bound to one organization; `null` is what another organization's thing looks
 * like. Ids that are not UUIDs are never found.
 */
export interface InboxQueries {
  /** By lastSeenAt, newest first. */
  customers(orgId: OrgId, filter: CustomerFilter, page: PageRequest): Promise<PageOf<CustomerView>>
  customer(orgId: OrgId, id: CustomerId): Promise<CustomerView | null>
  erasure(orgId: OrgId, id: ErasureId): Promise<ErasureView | null>
  customerExport(orgId: OrgId, id: ExportId): Promise<ExportView | null>
  /** A piece of the file, of `EXPORT_CHUNK_BYTES` but for the last; null behind the last, and where the file is not whole or gone. */
  exportChunk(orgId: OrgId, id: ExportId, position: number): Promise<Uint8Array | null>
  /** By lastMessageAt, newest first. */
  tickets(orgId: OrgId, filter: TicketFilter, page: PageRequest): Promise<PageOf<TicketView>>
  ticket(orgId: OrgId, id: TicketId): Promise<TicketView | null>
  /** By the platform's time, ties by external id; null where there is no such ticket. */
  messages(
    orgId: OrgId,
    ticketId: TicketId,
    order: 'asc' | 'desc',
    page: PageRequest,
  ): Promise<PageOf<MessageView> | null>
  message(orgId: OrgId, ticketId: TicketId, id: MessageId): Promise<MessageView | null>
  /** The member's own, by createdAt, newest first. */
  notifications(
    orgId: OrgId,
    memberId: MemberId,
    filter: { unread?: boolean },
    page: PageRequest,
  ): Promise<PageOf<NotificationView>>
  notification(orgId: OrgId, memberId: MemberId, id: NotificationId): Promise<NotificationView | null>
  /** By createdAt, newest first; disconnected ones are left out unless asked for. */
  channels(orgId: OrgId, filter: ChannelFilter, page: PageRequest): Promise<PageOf<ChannelView>>
  channel(orgId: OrgId, id: ChannelId): Promise<ChannelView | null>
  historyImport(orgId: OrgId, channelId: ChannelId, id: ImportId): Promise<ImportView | null>
  /** By receivedAt, newest first; null where there is no such channel. */
  rawEvents(
    orgId: OrgId,
    channelId: ChannelId,
    filter: RawEventFilter,
    page: PageRequest,
  ): Promise<PageOf<RawEventView> | null>
  rawEvent(orgId: OrgId, channelId: ChannelId, id: RawEventId): Promise<RawEventView | null>
  /** The body as text; null also where all of it was taken out. */
  rawEventBody(orgId: OrgId, channelId: ChannelId, id: RawEventId): Promise<string | null>
  /** By deadAt, newest first. */
  deadLetters(orgId: OrgId, filter: DeadLetterFilter, page: PageRequest): Promise<PageOf<DeadLetterView>>
  /** By occurredAt, newest first. */
  auditEntries(orgId: OrgId, filter: AuditFilter, page: PageRequest): Promise<PageOf<AuditEntryView>>
}

export interface EventFeed {
  /**
   * Numbered events after `afterSeq` that this member may see, ascending. `scannedTo` is where to go on: it passes over
   * events for other members, so that a reader does not come back to them.
   */
  read(
    orgId: OrgId,
    memberId: MemberId,
    afterSeq: number,
    limit: number,
  ): Promise<{ events: readonly EventView[]; scannedTo: number; more: boolean }>
  /** The newest number of the organization, 0 before the first event. */
  lastSeq(orgId: OrgId): Promise<number>
}
