import type { InFlight, IntakeChanges, NewMessage, NewNotification, NewTicket } from '../../ports/intake-store.ts'
import type { MessageReceived, OptedIn } from '../channel/inbound-event.ts'
import type { DomainEvent, EventActor } from '../event/domain-event.ts'
import type { ConversationId, CustomerId, ExternalMessageId, MemberId, NotificationId, TicketId } from '../ids.ts'
import { type TicketStatus, windowReason } from '../ticket/ticket.ts'
import { statusOfParts } from './message-status.ts'

const SYSTEM: EventActor = { type: 'SYSTEM', id: null }

type Changes = Pick<
  IntakeChanges,
  | 'tickets'
  | 'ticketStatuses'
  | 'messages'
  | 'notifications'
  | 'windows'
  | 'seen'
  | 'heardOf'
  | 'optIns'
  | 'proven'
  | 'touched'
>

/** The changes of a batch while it is being decided, and the events that tell of them; each method is one change. */
export class IntakeDraft {
  readonly #nextId: () => string
  readonly #isHistorical: boolean
  readonly #events: DomainEvent[] = []
  readonly #tickets = new Map<TicketId, NewTicket>()
  readonly #statuses = new Map<TicketId, TicketStatus>()
  readonly #messages: NewMessage[] = []
  readonly #notifications: NewNotification[] = []
  readonly #windows = new Map<ConversationId, { openedAt: Date; reason: string }>()
  readonly #seen = new Map<CustomerId, Date>()
  readonly #heardOf = new Map<CustomerId, Date>()
  readonly #optIns = new Set<ExternalMessageId>()
  readonly #touched = new Set<TicketId>()
  readonly #proven: IntakeChanges['proven'][number][] = []

  constructor(nextId: () => string, isHistorical: boolean) {
    this.#nextId = nextId
    this.#isHistorical = isHistorical
  }

  customerCreated(id: CustomerId, requestId: string | null): void {
    this.#tell({
      type: 'customer.created',
      actor: SYSTEM,
      resource: { type: 'customer', id },
      ticketId: null,
      requestId,
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

  addMessage(message: NewMessage, actor: EventActor): void {
    this.#messages.push(message)
    this.#touched.add(message.ticketId)
    const { id, ticketId, requestId } = message
    this.#tell({ type: 'message.created', actor, resource: { type: 'message', id }, ticketId, requestId })
  }

  /** A sign of life of the customer. */
  saw(id: CustomerId, at: Date): void {
    moveOn(this.#seen, id, at)
  }

  /** The conversation was mentioned, though not by the customer: counts for those who have given no sign of life yet. */
  heardOf(id: CustomerId, at: Date): void {
    moveOn(this.#heardOf, id, at)
  }

  /** Told once, however often it comes. */
  optedIn(id: CustomerId, { externalId, agrees, payload, at }: OptedIn, requestId: string): void {
    if (this.#optIns.has(externalId)) return
    this.#optIns.add(externalId)
    this.#tell({
      type: agrees ? 'customer.opted_in' : 'customer.opted_out',
      actor: { type: 'CUSTOMER', id },
      resource: { type: 'customer', id },
      ticketId: null,
      data: { payload, at: at.toISOString() },
      requestId,
    })
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

  openWindow(id: ConversationId, { at, kind, context }: Pick<MessageReceived, 'at' | 'kind' | 'context'>): void {
    const known = this.#windows.get(id)
    const reason = windowReason(kind, context)
    const isLater = !known || known.openedAt < at
    // Two of one time: the greater reason, as the store has it, whichever came first.
    if (isLater || (known.openedAt.getTime() === at.getTime() && known.reason < reason))
      this.#windows.set(id, { openedAt: at, reason })
  }

  prove(inFlight: InFlight, conversationId: ConversationId, externalId: ExternalMessageId, requestId: string): void {
    const { messageId, ticketId, partId, others } = inFlight
    this.#proven.push({ inFlight, conversationId, externalId })
    this.#touched.add(ticketId)
    const from = statusOfParts([...others, inFlight.status])
    const to = statusOfParts([...others, 'SENT'])
    const resource = { type: 'message', id: messageId } as const
    this.#tell({
      type: 'message.status_changed',
      actor: SYSTEM,
      resource,
      ticketId,
      data: { from, to, ...(others.length > 0 && { partId, partStatus: 'SENT' }) },
      requestId,
    })
  }

  isNew(ticketId: TicketId): boolean {
    return this.#tickets.has(ticketId)
  }

  finish(): { changes: Changes; events: readonly DomainEvent[] } {
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
        heardOf: [...this.#heardOf].map(([customerId, at]) => ({ customerId, at })),
        optIns: [...this.#optIns],
        proven: this.#proven,
        touched: [...this.#touched],
      },
      events: this.#events,
    }
  }

  /** Of what was written before it is said so, for readers to whom it is no news. */
  #tell(event: DomainEvent): void {
    this.#events.push(this.#isHistorical ? { ...event, data: { ...event.data, historical: true } } : event)
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
}

function moveOn(times: Map<CustomerId, Date>, id: CustomerId, at: Date): void {
  const known = times.get(id)
  if (!known || known < at) times.set(id, at)
}
