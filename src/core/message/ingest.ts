import type {
  ConversationState,
  InFlight,
  IntakeChanges,
  IntakeState,
  KnownPart,
  NewMessage,
  NewNotification,
  NewTicket,
} from '../../ports/intake-store.ts'
import type { EchoReceived, InboundEvent, MessageReceived, Thread } from '../channel/inbound-event.ts'
import type { DomainEvent } from '../event/domain-event.ts'
import type {
  ConversationId,
  CustomerId,
  ExternalMessageId,
  MessageId,
  NotificationId,
  PartId,
  RawEventId,
  TicketId,
} from '../ids.ts'
import { reopens, windowReason, type TicketStatus } from '../ticket/ticket.ts'

/** An event with the delivery it came in. */
export type IngestItem = Readonly<{ event: InboundEvent; delivery: Readonly<{ id: RawEventId; verified: boolean; requestId: string }> }>

export type IngestRules = Readonly<{
  nextId: () => string
  reopenWindowMs: number
  /** What messages of the platform's people carry as `via`. */
  via: 'PLATFORM' | 'API'
  /** Whether new people are to be looked up. */
  hasProfiles: boolean
}>

export type Ingested = Readonly<{ changes: IntakeChanges; events: readonly DomainEvent[]; unknown: number }>

export const threadKey = (thread: Pick<Thread, 'surface' | 'key'>): string => `${thread.surface} ${thread.key}`

/** An echo of our own send may be stamped a little before our clock says that we began. */
const ECHO_SKEW_MS = 120_000

type Conversation = Omit<ConversationState, 'open' | 'newestResolved' | 'inFlight'> & {
  open: { id: TicketId; status: TicketStatus } | null
  newestResolved: ConversationState['newestResolved']
  inFlight: InFlight[]
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer Item)[] ? Item[] : T[K] }

/**
 * What a batch of events means, given what is stored. Pure, and independent of the order in which events arrive: everything
 * derived is a maximum over the platform's times or is computed again by the store from the rows (`touched`).
 */
export function ingest(state: IntakeState, items: readonly IngestItem[], rules: IngestRules): Ingested {
  const batch = new Batch(state, rules)
  for (const item of inPlatformOrder(items)) batch.apply(item)
  return batch.result()
}

/** By the platform's time, ties by external id; what speaks of a message comes after all messages. */
function inPlatformOrder(items: readonly IngestItem[]): readonly IngestItem[] {
  const rank = ({ event }: IngestItem) => (event.type === 'message' || event.type === 'echo' ? 0 : 1)
  const externalId = ({ event }: IngestItem) => ('externalId' in event ? event.externalId : '')
  return [...items].sort(
    (a, b) =>
      rank(a) - rank(b) ||
      a.event.at.getTime() - b.event.at.getTime() ||
      (externalId(a) < externalId(b) ? -1 : externalId(a) > externalId(b) ? 1 : 0),
  )
}

class Batch {
  private readonly conversations: Map<string, Conversation>
  private readonly parts: Map<ExternalMessageId, KnownPart>
  private readonly created = new Map<ExternalMessageId, Mutable<NewMessage>>()
  private readonly events: DomainEvent[] = []
  private readonly tickets: NewTicket[] = []
  private readonly statuses = new Map<TicketId, TicketStatus>()
  private readonly notifications: NewNotification[] = []
  private readonly windows = new Map<ConversationId, { openedAt: Date; reason: string }>()
  private readonly seen = new Map<CustomerId, Date>()
  private readonly touched = new Set<TicketId>()
  private readonly edits = new Map<ExternalMessageId, IntakeChanges['edits'][number]>()
  private readonly unsends = new Map<ExternalMessageId, IntakeChanges['unsends'][number]>()
  private readonly tombstones = new Map<ExternalMessageId, Date>()
  private readonly proven: IntakeChanges['proven'][number][] = []
  private readonly state: IntakeState
  private readonly rules: IngestRules
  private unknown = 0

  constructor(state: IntakeState, rules: IngestRules) {
    this.state = state
    this.rules = rules
    this.parts = new Map(state.parts)
    this.conversations = new Map(
      state.conversations.map((conversation) => [
        threadKey(conversation),
        { ...conversation, inFlight: [...conversation.inFlight] },
      ]),
    )
    for (const id of state.newCustomers) this.customerCreated(id)
  }

  apply({ event, delivery }: IngestItem): void {
    switch (event.type) {
      case 'message':
        return this.message(event, delivery)
      case 'echo':
        return this.echo(event, delivery)
      case 'edit':
        return this.edit(event)
      case 'unsend':
        return this.unsend(event)
      case 'optin':
        return
      case 'unhandled':
        if (!event.known) this.unknown++
    }
  }

  private message(event: MessageReceived, delivery: IngestItem['delivery']): void {
    const conversation = this.conversation(event.thread)
    if (this.isKnown(event.externalId)) return
    const actor = { type: 'CUSTOMER', id: conversation.customerId } as const
    const { ticketId, opened } = this.ticketForCustomer(conversation, event, actor, delivery.requestId)
    const deletedAt = this.deletedAt(event.externalId)
    const id = this.add(event, delivery, conversation, ticketId, actor, {
      direction: 'INBOUND',
      authorType: 'CUSTOMER',
      via: this.rules.via,
      status: 'RECEIVED',
      deletedAt,
    })
    if (event.opensWindow) this.openWindow(conversation.id, event)
    if (deletedAt === null) this.notify(id, ticketId, opened ? 'TICKET_NEW_UNASSIGNED' : 'CUSTOMER_REPLIED', delivery.requestId)
  }

  private echo(event: EchoReceived, delivery: IngestItem['delivery']): void {
    const conversation = this.conversation(event.thread)
    if (this.isKnown(event.externalId)) return
    if (this.provesSend(conversation, event, delivery.requestId)) return
    const actor = { type: 'EXTERNAL', id: null } as const
    this.add(event, delivery, conversation, this.ticketForEcho(conversation, event, actor, delivery.requestId), actor, {
      direction: 'OUTBOUND',
      authorType: 'EXTERNAL',
      via: 'PLATFORM_APP',
      status: 'SENT',
      deletedAt: this.deletedAt(event.externalId),
    })
  }

  /** Ours, seen before the platform answered: the same words in the same conversation while one is under way. */
  private provesSend(conversation: Conversation, event: EchoReceived, requestId: string): boolean {
    const index = conversation.inFlight.findIndex(
      ({ text, startedAt }) => sameText(text, event.text) && event.at.getTime() >= startedAt.getTime() - ECHO_SKEW_MS,
    )
    const inFlight = conversation.inFlight[index]
    if (!inFlight) return false
    for (const other of this.conversations.values()) {
      other.inFlight = other.inFlight.filter(({ partId }) => partId !== inFlight.partId)
    }
    this.proven.push({ inFlight, conversationId: conversation.id, externalId: event.externalId })
    this.parts.set(event.externalId, {
      partId: inFlight.partId,
      messageId: inFlight.messageId,
      ticketId: inFlight.ticketId,
      conversationId: conversation.id,
      direction: 'OUTBOUND',
      deletedAt: null,
      editRevision: 0,
    })
    this.touched.add(inFlight.ticketId)
    this.events.push({
      type: 'message.status_changed',
      actor: { type: 'SYSTEM', id: null },
      resource: { type: 'message', id: inFlight.messageId },
      ticketId: inFlight.ticketId,
      data: { to: 'SENT' },
      requestId,
    })
    return true
  }

  private edit(event: Extract<InboundEvent, { type: 'edit' }>): void {
    const fresh = this.created.get(event.externalId)
    const part = this.parts.get(event.externalId)
    const revision = Math.max(part?.editRevision ?? 0, this.edits.get(event.externalId)?.revision ?? 0)
    if (event.revision <= revision || !part || part.deletedAt || fresh?.deletedAt) return
    this.edits.set(event.externalId, { part, text: event.text, revision: event.revision, at: event.at })
    this.touched.add(part.ticketId)
  }

  private unsend(event: Extract<InboundEvent, { type: 'unsend' }>): void {
    const earlier = this.tombstones.get(event.externalId)
    this.tombstones.set(event.externalId, earlier && earlier < event.at ? earlier : event.at)
    const part = this.parts.get(event.externalId)
    if (!part) return
    const before = this.unsends.get(event.externalId)
    this.unsends.set(event.externalId, { part, at: before && before.at < event.at ? before.at : event.at })
    this.touched.add(part.ticketId)
  }

  /** The only way a ticket is opened or reopened. */
  private ticketForCustomer(
    conversation: Conversation,
    event: MessageReceived,
    actor: DomainEvent['actor'],
    requestId: string,
  ): { ticketId: TicketId; opened: boolean } {
    const { open, newestResolved } = conversation
    if (open) {
      if (open.status !== 'OPEN') {
        this.ticketEvent('ticket.status_changed', open.id, actor, requestId, { from: open.status, to: 'OPEN' })
        this.setOpen(conversation, open.id)
      }
      return { ticketId: open.id, opened: false }
    }
    if (newestResolved && reopens(newestResolved.resolvedAt, event.at, this.rules.reopenWindowMs)) {
      this.ticketEvent('ticket.reopened', newestResolved.id, actor, requestId, { from: 'RESOLVED', to: 'OPEN' })
      this.setOpen(conversation, newestResolved.id)
      return { ticketId: newestResolved.id, opened: false }
    }
    return { ticketId: this.openTicket(conversation, event, 'OPEN', actor, requestId), opened: true }
  }

  /** An echo joins the newest ticket and changes nothing about it; a person we do not know gets one that nobody is told of. */
  private ticketForEcho(conversation: Conversation, event: EchoReceived, actor: DomainEvent['actor'], requestId: string): TicketId {
    return (
      conversation.open?.id ??
      conversation.newestResolved?.id ??
      this.openTicket(conversation, event, 'PENDING', actor, requestId)
    )
  }

  private openTicket(
    conversation: Conversation,
    event: MessageReceived | EchoReceived,
    status: TicketStatus,
    actor: DomainEvent['actor'],
    requestId: string,
  ): TicketId {
    const id = this.rules.nextId() as TicketId
    this.tickets.push({
      id,
      conversationId: conversation.id,
      customerId: conversation.customerId,
      kind: conversation.surface,
      status,
      context:
        conversation.surface === 'DM'
          ? null
          : { mediaId: event.context?.mediaId ?? null, permalink: event.context?.permalink ?? null, caption: null },
      previousTicketId: conversation.newestResolved?.id ?? null,
      at: event.at,
    })
    conversation.open = { id, status }
    this.ticketEvent('ticket.created', id, actor, requestId, {})
    return id
  }

  private setOpen(conversation: Conversation, id: TicketId): void {
    conversation.open = { id, status: 'OPEN' }
    this.statuses.set(id, 'OPEN')
  }

  private add(
    event: MessageReceived | EchoReceived,
    delivery: IngestItem['delivery'],
    conversation: Conversation,
    ticketId: TicketId,
    actor: DomainEvent['actor'],
    by: Pick<NewMessage, 'direction' | 'authorType' | 'via' | 'status' | 'deletedAt'>,
  ): MessageId {
    const gone = by.deletedAt !== null
    const message: NewMessage = {
      ...by,
      id: this.rules.nextId() as MessageId,
      partId: this.rules.nextId() as PartId,
      ticketId,
      conversationId: conversation.id,
      kind: event.kind,
      content: gone ? null : event.text,
      attachments: gone ? [] : event.attachments,
      context: gone ? null : event.context,
      externalId: event.externalId,
      replyToExternalId: event.replyToExternalId,
      sentAt: event.at,
      verified: delivery.verified,
      requestId: delivery.requestId,
      rawEventId: delivery.id,
    }
    this.created.set(event.externalId, message as Mutable<NewMessage>)
    this.parts.set(event.externalId, {
      partId: message.partId,
      messageId: message.id,
      ticketId,
      conversationId: conversation.id,
      direction: by.direction,
      deletedAt: by.deletedAt,
      editRevision: 0,
    })
    this.touched.add(ticketId)
    const seen = this.seen.get(conversation.customerId)
    if (!seen || seen < event.at) this.seen.set(conversation.customerId, event.at)
    this.events.push({ type: 'message.created', actor, resource: { type: 'message', id: message.id }, ticketId, requestId: delivery.requestId })
    return message.id
  }

  private notify(messageId: MessageId, ticketId: TicketId, type: NewNotification['type'], requestId: string): void {
    for (const memberId of this.state.memberIds) {
      const id = this.rules.nextId() as NotificationId
      this.notifications.push({ id, memberId, type, ticketId, messageId })
      this.events.push({
        type: 'notification.created',
        actor: { type: 'SYSTEM', id: null },
        resource: { type: 'notification', id },
        ticketId,
        recipientId: memberId,
        requestId,
      })
    }
  }

  private openWindow(id: ConversationId, event: MessageReceived): void {
    const known = this.windows.get(id)
    if (!known || known.openedAt < event.at) this.windows.set(id, { openedAt: event.at, reason: windowReason(event.kind) })
  }

  private conversation(thread: Thread): Conversation {
    const found = this.conversations.get(threadKey(thread))
    if (!found) throw new Error('an event’s conversation was not loaded')
    return found
  }

  private isKnown(externalId: ExternalMessageId): boolean {
    return this.parts.has(externalId)
  }

  private deletedAt(externalId: ExternalMessageId): Date | null {
    return this.state.tombstones.get(externalId) ?? null
  }

  private customerCreated(id: CustomerId): void {
    this.events.push({ type: 'customer.created', actor: { type: 'SYSTEM', id: null }, resource: { type: 'customer', id }, ticketId: null, requestId: null })
  }

  private ticketEvent(
    type: 'ticket.created' | 'ticket.reopened' | 'ticket.status_changed',
    id: TicketId,
    actor: DomainEvent['actor'],
    requestId: string,
    data: Record<string, string>,
  ): void {
    this.events.push({ type, actor, resource: { type: 'ticket', id }, ticketId: id, data, requestId })
  }

  result(): Ingested {
    const gone = new Set([...this.unsends].filter(([, { part }]) => part.deletedAt === null).map(([id]) => id))
    const edits = [...this.edits].filter(([id]) => !gone.has(id)).map(([, edit]) => edit)
    for (const { part } of edits) this.events.push(this.messageEvent('message.edited', part))
    for (const [id, { part }] of this.unsends) if (gone.has(id)) this.events.push(this.messageEvent('message.deleted', part))
    return {
      changes: {
        tickets: this.tickets.map((ticket) => ({ ...ticket, status: this.statuses.get(ticket.id) ?? ticket.status })),
        ticketStatuses: [...this.statuses].filter(([id]) => !this.tickets.some((ticket) => ticket.id === id)).map(([id, status]) => ({ id, status })),
        messages: [...this.created.values()],
        notifications: this.notifications,
        windows: [...this.windows].map(([conversationId, window]) => ({ conversationId, ...window })),
        seen: [...this.seen].map(([customerId, at]) => ({ customerId, at })),
        edits,
        unsends: [...this.unsends.values()],
        tombstones: [...this.tombstones].map(([externalId, at]) => ({ externalId, at })),
        proven: this.proven,
        touched: [...this.touched],
        lookUps: this.rules.hasProfiles ? this.lookUps() : [],
      },
      events: this.events,
      unknown: this.unknown,
    }
  }

  private lookUps(): IntakeChanges['lookUps'] {
    const fresh = new Set(this.state.newCustomers)
    const people = [...this.conversations.values()].filter(({ customerId }) => fresh.delete(customerId))
    return people.map(({ customerId, person }) => ({ customerId, person }))
  }

  private messageEvent(type: 'message.edited' | 'message.deleted', part: KnownPart): DomainEvent {
    return {
      type,
      actor: part.direction === 'INBOUND' ? { type: 'CUSTOMER', id: null } : { type: 'EXTERNAL', id: null },
      resource: { type: 'message', id: part.messageId },
      ticketId: part.ticketId,
      requestId: null,
    }
  }
}

const sameText = (ours: string | null, theirs: string | null): boolean =>
  (ours ?? '').normalize('NFC').trim() === (theirs ?? '').normalize('NFC').trim()
