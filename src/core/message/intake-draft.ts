import type {
  InFlight,
  IntakeChanges,
  KnownPart,
  NewMessage,
  NewNotification,
  NewTicket,
} from '../../ports/intake-store.ts'
import type { MessageReceived } from '../channel/inbound-event.ts'
import type { DomainEvent, EventActor } from '../event/domain-event.ts'
import type {
  ConversationId,
  CustomerId,
  ExternalMessageId,
  MemberId,
  MessageId,
  NotificationId,
  TicketId,
} from '../ids.ts'
import { type TicketStatus, windowReason } from '../ticket/ticket.ts'

const SYSTEM: EventActor = { type: 'SYSTEM', id: null }

const earlier = (one: Date | undefined, other: Date): Date => (one && one < other ? one : other)

/** The changes of a batch while it is being decided, and the events that tell of them; each method is one change. */
export class IntakeDraft {
  readonly #nextId: () => string
  readonly #events: DomainEvent[] = []
  readonly #tickets = new Map<TicketId, NewTicket>()
  readonly #statuses = new Map<TicketId, TicketStatus>()
  readonly #messages: NewMessage[] = []
  readonly #notifications: NewNotification[] = []
  readonly #windows = new Map<ConversationId, { openedAt: Date; reason: string }>()
  readonly #seen = new Map<CustomerId, Date>()
  readonly #touched = new Set<TicketId>()
  readonly #edits = new Map<ExternalMessageId, IntakeChanges['edits'][number]>()
  readonly #unsends = new Map<ExternalMessageId, IntakeChanges['unsends'][number]>()
  readonly #tombstones = new Map<ExternalMessageId, Date>()
  readonly #proven: IntakeChanges['proven'][number][] = []

  constructor(nextId: () => string) {
    this.#nextId = nextId
  }

  customerCreated(id: CustomerId): void {
    this.#tell({
      type: 'customer.created',
      actor: SYSTEM,
      resource: { type: 'customer', id },
      ticketId: null,
      requestId: null,
    })
  }

  openTicket(ticket: NewTicket, actor: EventActor, requestId: string): void {
    this.#tickets.set(ticket.id, ticket)
    this.#ticketEvent('ticket.created', ticket.id, actor, requestId, {})
  }

  /** Open again: after being resolved, or after having waited. */
  setOpen(id: TicketId, from: TicketStatus, actor: EventActor, requestId: string): void {
    this.#statuses.set(id, 'OPEN')
    const type = from === 'RESOLVED' ? 'ticket.reopened' : 'ticket.status_changed'
    this.#ticketEvent(type, id, actor, requestId, { from, to: 'OPEN' })
  }

  addMessage(message: NewMessage, customerId: CustomerId, actor: EventActor): void {
    this.#messages.push(message)
    this.#touched.add(message.ticketId)
    const seen = this.#seen.get(customerId)
    if (!seen || seen < message.sentAt) this.#seen.set(customerId, message.sentAt)
    const { id, ticketId, requestId } = message
    this.#tell({ type: 'message.created', actor, resource: { type: 'message', id }, ticketId, requestId })
  }

  notify(members: readonly MemberId[], about: Omit<NewNotification, 'id' | 'memberId'>, requestId: string): void {
    for (const memberId of members) {
      const id = this.#nextId() as NotificationId
      this.#notifications.push({ ...about, id, memberId })
      const resource = { type: 'notification', id } as const
      this.#tell({
        type: 'notification.created',
        actor: SYSTEM,
        resource,
        ticketId: about.ticketId,
        recipientId: memberId,
        requestId,
      })
    }
  }

  openWindow(id: ConversationId, { at, kind }: Pick<MessageReceived, 'at' | 'kind'>): void {
    const known = this.#windows.get(id)
    const reason = windowReason(kind)
    const isLater = !known || known.openedAt < at
    // Two of one time: the greater reason, as the store has it, whichever came first.
    if (isLater || (known.openedAt.getTime() === at.getTime() && known.reason < reason))
      this.#windows.set(id, { openedAt: at, reason })
  }

  prove(inFlight: InFlight, conversationId: ConversationId, externalId: ExternalMessageId, requestId: string): void {
    const { messageId, ticketId } = inFlight
    this.#proven.push({ inFlight, conversationId, externalId })
    this.#touched.add(ticketId)
    const resource = { type: 'message', id: messageId } as const
    this.#tell({
      type: 'message.status_changed',
      actor: SYSTEM,
      resource,
      ticketId,
      data: { from: inFlight.status, to: 'SENT' },
      requestId,
    })
  }

  /** The highest revision wins. */
  edit(externalId: ExternalMessageId, edit: IntakeChanges['edits'][number]): void {
    const revision = Math.max(edit.part.editRevision, this.#edits.get(externalId)?.revision ?? 0)
    if (edit.revision <= revision || edit.part.deletedAt) return
    this.#edits.set(externalId, edit)
    this.#touched.add(edit.part.ticketId)
  }

  /** The tombstone stands for messages that are still to come; the earliest time wins. */
  unsend(externalId: ExternalMessageId, part: KnownPart | undefined, at: Date): void {
    this.#tombstones.set(externalId, earlier(this.#tombstones.get(externalId), at))
    if (!part) return
    this.#unsends.set(externalId, { part, at: earlier(this.#unsends.get(externalId)?.at, at) })
    this.#touched.add(part.ticketId)
  }

  finish(): { changes: Omit<IntakeChanges, 'lookUps'>; events: readonly DomainEvent[] } {
    const gone = [...this.#unsends].filter(([, { part }]) => part.deletedAt === null)
    const isGone = new Set(gone.map(([id]) => id))
    const edits = [...this.#edits].filter(([id]) => !isGone.has(id)).map(([, edit]) => edit)
    for (const { part } of edits) this.#messageEvent('message.edited', part)
    for (const [, { part }] of gone) this.#messageEvent('message.deleted', part)
    return {
      changes: {
        tickets: [...this.#tickets.values()].map((ticket) => ({
          ...ticket,
          status: this.#statuses.get(ticket.id) ?? ticket.status,
        })),
        ticketStatuses: [...this.#statuses]
          .filter(([id]) => !this.#tickets.has(id))
          .map(([id, status]) => ({ id, status })),
        messages: this.#messages,
        notifications: this.#notifications,
        windows: [...this.#windows].map(([conversationId, window]) => ({ conversationId, ...window })),
        seen: [...this.#seen].map(([customerId, at]) => ({ customerId, at })),
        edits,
        unsends: [...this.#unsends.values()],
        tombstones: [...this.#tombstones].map(([externalId, at]) => ({ externalId, at })),
        proven: this.#proven,
        touched: [...this.#touched],
      },
      events: this.#events,
    }
  }

  #tell(event: DomainEvent): void {
    this.#events.push(event)
  }

  #ticketEvent(
    type: 'ticket.created' | 'ticket.reopened' | 'ticket.status_changed',
    id: TicketId,
    actor: EventActor,
    requestId: string,
    data: Record<string, string>,
  ): void {
    this.#tell({ type, actor, resource: { type: 'ticket', id }, ticketId: id, data, requestId })
  }

  #messageEvent(type: 'message.edited' | 'message.deleted', { direction, messageId: id, ticketId }: KnownPart): void {
    const actor: EventActor = { type: direction === 'INBOUND' ? 'CUSTOMER' : 'EXTERNAL', id: null }
    this.#tell({ type, actor, resource: { type: 'message', id: id as MessageId }, ticketId, requestId: null })
  }
}
