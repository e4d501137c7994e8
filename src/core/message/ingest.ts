import type {
  ConversationState,
  InFlight,
  IntakeChanges,
  IntakeState,
  KnownPart,
  NewMessage,
  NewTicket,
} from '../../ports/intake-store.ts'
import type { EchoReceived, InboundEvent, MessageReceived, Thread } from '../channel/inbound-event.ts'
import type { DomainEvent, EventActor } from '../event/domain-event.ts'
import type { ExternalMessageId, MessageId, PartId, RawEventId, TicketId } from '../ids.ts'
import { reopens, type TicketStatus } from '../ticket/ticket.ts'
import { IntakeDraft } from './intake-draft.ts'

/** An event with the delivery it came in. */
export type IngestItem = Readonly<{
  event: InboundEvent
  delivery: Readonly<{ id: RawEventId; verified: boolean; requestId: string }>
}>

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

type Delivery = IngestItem['delivery']

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
  readonly #conversations: Map<string, Conversation>
  readonly #parts: Map<ExternalMessageId, KnownPart>
  readonly #draft: IntakeDraft
  readonly #state: IntakeState
  readonly #rules: IngestRules
  #unknown = 0

  constructor(state: IntakeState, rules: IngestRules) {
    this.#state = state
    this.#rules = rules
    this.#draft = new IntakeDraft(rules.nextId)
    this.#parts = new Map(state.parts)
    this.#conversations = new Map(
      state.conversations.map((conversation) => [
        threadKey(conversation),
        { ...conversation, inFlight: [...conversation.inFlight] },
      ]),
    )
    for (const id of state.newCustomers) this.#draft.customerCreated(id)
  }

  apply({ event, delivery }: IngestItem): void {
    switch (event.type) {
      case 'message':
        if (!this.#parts.has(event.externalId)) this.#message(event, delivery)
        break
      case 'echo':
        if (!this.#parts.has(event.externalId)) this.#echo(event, delivery)
        break
      case 'edit': {
        const part = this.#parts.get(event.externalId)
        if (part) this.#draft.edit(event.externalId, { part, text: event.text, revision: event.revision, at: event.at })
        break
      }
      case 'unsend':
        this.#draft.unsend(event.externalId, this.#parts.get(event.externalId), event.at)
        break
      case 'optin':
        break
      case 'unhandled':
        if (!event.known) this.#unknown++
    }
  }

  result(): Ingested {
    const { changes, events } = this.#draft.finish()
    return {
      changes: { ...changes, lookUps: this.#rules.hasProfiles ? this.#lookUps() : [] },
      events,
      unknown: this.#unknown,
    }
  }

  #message(event: MessageReceived, delivery: Delivery): void {
    const conversation = this.#conversation(event.thread)
    const actor: EventActor = { type: 'CUSTOMER', id: conversation.customerId }
    const { ticketId, opened } = this.#ticketForCustomer(conversation, event, actor, delivery.requestId)
    const { id, deletedAt } = this.#add(event, delivery, conversation, ticketId, actor, {
      direction: 'INBOUND',
      authorType: 'CUSTOMER',
      via: this.#rules.via,
      status: 'RECEIVED',
    })
    if (event.opensWindow) this.#draft.openWindow(conversation.id, event)
    if (deletedAt !== null) return
    const type = opened ? 'TICKET_NEW_UNASSIGNED' : 'CUSTOMER_REPLIED'
    this.#draft.notify(this.#state.memberIds, { type, ticketId, messageId: id }, delivery.requestId)
  }

  #echo(event: EchoReceived, delivery: Delivery): void {
    const conversation = this.#conversation(event.thread)
    if (this.#provesSend(conversation, event, delivery.requestId)) return
    const actor: EventActor = { type: 'EXTERNAL', id: null }
    const ticketId = this.#ticketForEcho(conversation, event, actor, delivery.requestId)
    this.#add(event, delivery, conversation, ticketId, actor, {
      direction: 'OUTBOUND',
      authorType: 'EXTERNAL',
      via: 'PLATFORM_APP',
      status: 'SENT',
    })
  }

  /** Ours, seen before the platform answered: the same words in the same conversation while one is under way. */
  #provesSend(conversation: Conversation, event: EchoReceived, requestId: string): boolean {
    const inFlight = conversation.inFlight.find(
      ({ text, startedAt }) => sameText(text, event.text) && event.at.getTime() >= startedAt.getTime() - ECHO_SKEW_MS,
    )
    if (!inFlight) return false
    for (const other of this.#conversations.values()) {
      other.inFlight = other.inFlight.filter(({ partId }) => partId !== inFlight.partId)
    }
    this.#draft.prove(inFlight, conversation.id, event.externalId, requestId)
    const { partId, messageId, ticketId } = inFlight
    this.#know(event.externalId, {
      partId,
      messageId,
      ticketId,
      conversationId: conversation.id,
      direction: 'OUTBOUND',
      deletedAt: null,
    })
    return true
  }

  /** The only way a ticket is opened or reopened. */
  #ticketForCustomer(
    conversation: Conversation,
    event: MessageReceived,
    actor: EventActor,
    requestId: string,
  ): { ticketId: TicketId; opened: boolean } {
    const { open, newestResolved } = conversation
    if (!open && !(newestResolved && reopens(newestResolved.resolvedAt, event.at, this.#rules.reopenWindowMs))) {
      return { ticketId: this.#openTicket(conversation, event, 'OPEN', actor, requestId), opened: true }
    }
    const ticket = open ?? {
      id: (newestResolved as NonNullable<typeof newestResolved>).id,
      status: 'RESOLVED' as const,
    }
    if (ticket.status !== 'OPEN') this.#draft.setOpen(ticket.id, ticket.status, actor, requestId)
    conversation.open = { id: ticket.id, status: 'OPEN' }
    return { ticketId: ticket.id, opened: false }
  }

  /** An echo joins the newest ticket and changes nothing about it; a person we do not know gets one that nobody is told of. */
  #ticketForEcho(conversation: Conversation, event: EchoReceived, actor: EventActor, requestId: string): TicketId {
    const known = conversation.open ?? conversation.newestResolved
    return known?.id ?? this.#openTicket(conversation, event, 'PENDING', actor, requestId)
  }

  #openTicket(
    conversation: Conversation,
    event: MessageReceived | EchoReceived,
    status: TicketStatus,
    actor: EventActor,
    requestId: string,
  ): TicketId {
    const id = this.#rules.nextId() as TicketId
    const { mediaId = null, permalink = null } = event.context ?? {}
    const ticket: NewTicket = {
      id,
      conversationId: conversation.id,
      customerId: conversation.customerId,
      kind: conversation.surface,
      status,
      context: conversation.surface === 'DM' ? null : { mediaId, permalink, caption: null },
      previousTicketId: conversation.newestResolved?.id ?? null,
      at: event.at,
    }
    this.#draft.openTicket(ticket, actor, requestId)
    conversation.open = { id, status }
    return id
  }

  #add(
    event: MessageReceived | EchoReceived,
    delivery: Delivery,
    conversation: Conversation,
    ticketId: TicketId,
    actor: EventActor,
    by: Pick<NewMessage, 'direction' | 'authorType' | 'via' | 'status'>,
  ): NewMessage {
    // Taken back before it came: it makes its customer and ticket, and shows nothing.
    const deletedAt = this.#state.tombstones.get(event.externalId) ?? null
    const shown = deletedAt === null
    const message: NewMessage = {
      ...by,
      id: this.#rules.nextId() as MessageId,
      partId: this.#rules.nextId() as PartId,
      ticketId,
      conversationId: conversation.id,
      kind: event.kind,
      content: shown ? event.text : null,
      attachments: shown ? event.attachments : [],
      context: shown ? event.context : null,
      externalId: event.externalId,
      replyToExternalId: event.replyToExternalId,
      sentAt: event.at,
      deletedAt,
      verified: delivery.verified,
      requestId: delivery.requestId,
      rawEventId: delivery.id,
    }
    this.#draft.addMessage(message, conversation.customerId, actor)
    const { id: messageId, partId, direction } = message
    this.#know(event.externalId, { partId, messageId, ticketId, conversationId: conversation.id, direction, deletedAt })
    return message
  }

  #know(externalId: ExternalMessageId, part: Omit<KnownPart, 'editRevision'>): void {
    this.#parts.set(externalId, { ...part, editRevision: 0 })
  }

  #conversation(thread: Thread): Conversation {
    const found = this.#conversations.get(threadKey(thread))
    if (!found) throw new Error('an event’s conversation was not loaded')
    return found
  }

  #lookUps(): IntakeChanges['lookUps'] {
    const fresh = new Set(this.#state.newCustomers)
    const people = [...this.#conversations.values()].filter(({ customerId }) => fresh.delete(customerId))
    return people.map(({ customerId, person }) => ({ customerId, person }))
  }
}

const sameText = (ours: string | null, theirs: string | null): boolean =>
  (ours ?? '').normalize('NFC').trim() === (theirs ?? '').normalize('NFC').trim()
