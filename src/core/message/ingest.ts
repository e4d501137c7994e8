import type {
  InFlight,
  IntakeChanges,
  IntakeState,
  KnownPart,
  NewMessage,
  NewTicket,
} from '../../ports/intake-store.ts'
import { NO_CONTEXT } from '../channel/content.ts'
import type { EchoReceived, InboundEvent, MessageReceived, OwnComment, Thread } from '../channel/inbound-event.ts'
import type { DomainEvent, EventActor } from '../event/domain-event.ts'
import type { ConversationId, CustomerId, ExternalMessageId, MessageId, PartId, RawEventId, TicketId } from '../ids.ts'
import { reopens, type TicketStatus } from '../ticket/ticket.ts'
import { ConversationFacts } from './conversation-facts.ts'
import { partOfEcho } from './echo-match.ts'
import { besidesSent, type Conversation, conversationOf, holderOf, wasResolvedSince } from './intake-conversation.ts'
import { IntakeDraft } from './intake-draft.ts'
import { lookUpsOf } from './look-ups.ts'
import { MessageFacts } from './message-facts.ts'

/** An event with the delivery it came in. */
export type IngestItem = Readonly<{
  event: InboundEvent
  /** Without an id: read from the platform, which keeps it. */
  delivery: Readonly<{ id: RawEventId | null; verified: boolean; requestId: string }>
  /** Of what was written before: the last word in its conversation, which the customer has and may still be answered. */
  awaitsAnswer?: boolean
}>

export type IngestRules = Readonly<{
  nextId: () => string
  reopenWindowMs: number
  /** What messages of the platform's people carry as `via`. */
  via: 'PLATFORM' | 'API'
  /** Whether new people are to be looked up. */
  hasProfiles: boolean
  /** Whether what messages are about can be looked up. */
  hasMedia: boolean
  /** All of this was written before the account was connected, or too long ago to be news: nobody is told of it. */
  isHistorical?: boolean
}>

export type Ingested = Readonly<{ changes: IntakeChanges; events: readonly DomainEvent[]; unknown: number }>

export const threadKey = (thread: Pick<Thread, 'surface' | 'key'>): string => `${thread.surface} ${thread.key}`

type Delivery = IngestItem['delivery']

/** Where a message is shown. */
type Place = Readonly<{ ticketId: TicketId; opened: boolean; elsewhere: boolean }>

/**
 * What a batch of events means, given what is stored. Pure, and independent of the order in which events arrive: everything
 * derived is a maximum over the platform's times or is computed again by the store from the rows (`touched`).
 */
export function ingest(state: IntakeState, items: readonly IngestItem[], rules: IngestRules): Ingested {
  const batch = new Batch(state, rules, items)
  for (const item of inPlatformOrder(items)) batch.apply(item)
  return batch.result()
}

/** By the platform's time, ties by external id; what speaks of a message comes after all messages. */
function inPlatformOrder(items: readonly IngestItem[]): readonly IngestItem[] {
  const rank = ({ event }: IngestItem) => (ARRIVALS.has(event.type) ? 0 : 1)
  const externalId = ({ event }: IngestItem) => ('externalId' in event ? event.externalId : '')
  return [...items].sort(
    (a, b) =>
      rank(a) - rank(b) ||
      a.event.at.getTime() - b.event.at.getTime() ||
      (externalId(a) < externalId(b) ? -1 : externalId(a) > externalId(b) ? 1 : 0),
  )
}

const ARRIVALS: ReadonlySet<InboundEvent['type']> = new Set(['message', 'echo', 'own-comment'])

class Batch {
  readonly #conversations: Map<string, Conversation>
  readonly #draft: IntakeDraft
  readonly #messages: MessageFacts
  readonly #threads: ConversationFacts
  readonly #state: IntakeState
  readonly #rules: IngestRules
  readonly #items: readonly IngestItem[]
  #unknown = 0

  constructor(state: IntakeState, rules: IngestRules, items: readonly IngestItem[]) {
    this.#state = state
    this.#rules = rules
    this.#items = items
    this.#draft = new IntakeDraft(rules.nextId, rules.isHistorical ?? false)
    this.#messages = new MessageFacts(state)
    this.#threads = new ConversationFacts(state.conversations)
    this.#conversations = new Map(
      state.conversations.map((conversation) => [threadKey(conversation), conversationOf(conversation)]),
    )
    for (const id of state.newCustomers) this.#draft.customerCreated(id, this.#broughtBy(id))
  }

  apply({ event, delivery, awaitsAnswer = false }: IngestItem): void {
    switch (event.type) {
      case 'message':
        if (!this.#messages.part(event.externalId)) this.#message(event, delivery, awaitsAnswer)
        break
      case 'echo':
        if (!this.#messages.part(event.externalId)) this.#echo(event, delivery)
        break
      case 'own-comment':
        if (!this.#messages.part(event.externalId)) this.#ownComment(event, delivery.requestId)
        break
      case 'edit':
        this.#messages.edited(event, delivery.requestId)
        break
      case 'announced':
        this.#messages.announced(event.externalId, delivery.requestId)
        break
      case 'unsend':
        this.#messages.unsent(event, delivery.requestId)
        break
      case 'reaction':
        this.#messages.reacted(event, delivery.requestId)
        break
      case 'read': {
        const part = this.#messages.part(event.externalId)
        if (part) this.#threads.readUntil(part.conversationId, part.sentAt, delivery.requestId)
        else this.#messages.readEarly(event.externalId)
        break
      }
      case 'referral': {
        const { id, customerId } = this.#conversation(event.thread)
        this.#threads.referred(id, event.referral, event.at, delivery.requestId)
        this.#draft.saw(customerId, event.at)
        break
      }
      case 'thread-control': {
        const { id, customerId } = this.#conversation(event.thread)
        this.#threads.controlled(id, { appId: event.owner, at: event.at }, delivery.requestId)
        this.#draft.heardOf(customerId, event.at)
        break
      }
      case 'optin': {
        const { customerId } = this.#conversation(event.thread)
        this.#draft.saw(customerId, event.at)
        if (!this.#state.optIns.has(event.externalId)) this.#draft.optedIn(customerId, event, delivery.requestId)
        break
      }
      case 'unhandled':
        if (!event.known) this.#unknown++
    }
  }

  result(): Ingested {
    const draft = this.#draft.finish()
    const messages = this.#messages.finish()
    const threads = this.#threads.finish((id) => this.#shownOn(id))
    return {
      changes: {
        ...draft.changes,
        ...messages.changes,
        ...threads.changes,
        touched: [...new Set([...draft.changes.touched, ...messages.touched, ...threads.touched])],
        ...lookUpsOf([...this.#conversations.values()], draft.changes.messages, this.#rules, (id) =>
          this.#broughtBy(id),
        ),
      },
      events: [...draft.events, ...messages.events, ...threads.events],
      unknown: this.#unknown,
    }
  }

  /** The webhook that the customer came with. */
  #broughtBy(id: CustomerId): string | null {
    const { delivery } =
      this.#items.find(
        ({ event }) => 'thread' in event && this.#conversations.get(threadKey(event.thread))?.customerId === id,
      ) ?? {}
    return delivery?.requestId ?? null
  }

  /** The ticket that readers know and that shows what the conversation says; a new one tells it by itself. */
  #shownOn(id: ConversationId): TicketId | null {
    const conversation = this.#byId(id)
    const open = conversation && this.#holderOf(conversation).open
    return open && !this.#draft.isNew(open.id) ? open.id : null
  }

  #byId(id: ConversationId | null): Conversation | null {
    if (id === null) return null
    return [...this.#conversations.values()].find((conversation) => conversation.id === id) ?? null
  }

  #message(event: MessageReceived, delivery: Delivery, awaitsAnswer: boolean): void {
    const conversation = this.#conversation(event.thread)
    const actor: EventActor = { type: 'CUSTOMER', id: conversation.customerId }
    const holder = this.#holderOf(conversation)
    const isNews = !this.#rules.isHistorical || (awaitsAnswer && !wasResolvedSince(holder, event.at))
    const place = isNews
      ? this.#ticketForCustomer(conversation, event, actor, delivery.requestId)
      : this.#ticketForPast(conversation, event, actor, delivery.requestId)
    const { ticketId, opened } = place
    const { id, deletedAt } = this.#add(event, delivery, conversation, place, actor, {
      direction: 'INBOUND',
      authorType: 'CUSTOMER',
      via: this.#rules.via,
      status: 'RECEIVED',
    })
    this.#draft.saw(conversation.customerId, event.at)
    if (event.opensWindow) this.#draft.openWindow(conversation.id, event)
    if (event.referral) this.#threads.referred(conversation.id, event.referral, event.at, delivery.requestId)
    if (deletedAt !== null || this.#rules.isHistorical) return
    const type = opened ? 'TICKET_NEW_UNASSIGNED' : 'CUSTOMER_REPLIED'
    this.#draft.notify(this.#state.memberIds, { type, ticketId, messageId: id }, delivery.requestId)
  }

  #echo(event: EchoReceived, delivery: Delivery): void {
    const conversation = this.#conversation(event.thread)
    this.#draft.heardOf(conversation.customerId, event.at)
    if (this.#provesSend(conversation, event, delivery.requestId)) return
    const actor: EventActor = { type: 'EXTERNAL', id: null }
    const place = this.#ticketForPast(conversation, event, actor, delivery.requestId)
    this.#add(event, delivery, conversation, place, actor, {
      direction: 'OUTBOUND',
      authorType: 'EXTERNAL',
      via: event.via,
      status: 'SENT',
    })
  }

  /** Ours, seen before the platform answered: the same in the same conversation while one is under way. */
  #provesSend(conversation: Conversation, event: EchoReceived, requestId: string): boolean {
    const inFlight = partOfEcho(conversation.inFlight, event)
    if (!inFlight) return false
    for (const other of this.#conversations.values()) {
      other.inFlight = other.inFlight
        .filter(({ partId }) => partId !== inFlight.partId)
        .map((part) => (part.messageId === inFlight.messageId ? besidesSent(part, inFlight) : part))
    }
    this.#proven(inFlight, conversation, event.externalId, requestId)
    return true
  }

  /** Under whose comment it stands does not say in whose conversation we wrote it: there may be several under one comment. */
  #ownComment(event: OwnComment, requestId: string): void {
    const conversations = [...this.#conversations.values()]
    const inFlight = partOfEcho(
      conversations.flatMap(({ publicInFlight }) => publicInFlight.filter(({ under }) => under === event.under)),
      { ...event, attachments: [] },
    )
    const conversation = conversations.find(({ publicInFlight }) =>
      publicInFlight.some(({ partId }) => partId === inFlight?.partId),
    )
    if (!inFlight || !conversation) return
    conversation.publicInFlight = conversation.publicInFlight.filter(({ partId }) => partId !== inFlight.partId)
    this.#proven(inFlight, conversation, event.externalId, requestId)
  }

  #proven(inFlight: InFlight, conversation: Conversation, externalId: ExternalMessageId, requestId: string): void {
    this.#draft.prove(inFlight, conversation.id, externalId, requestId)
    const { partId, messageId, ticketId, sentAt, others } = inFlight
    const { deletedAt, edit, isRead } = this.#messages.arriving(externalId)
    const conversationId = conversation.id
    const part: KnownPart = {
      partId,
      messageId,
      ticketId,
      conversationId,
      direction: 'OUTBOUND',
      isOurs: true,
      isOneOfSeveral: others.length > 0,
      sentAt,
      deletedAt,
      edit: null,
    }
    this.#messages.know(externalId, part)
    if (edit) this.#messages.edited({ type: 'edit', externalId, ...edit }, requestId)
    if (deletedAt) this.#messages.unsent({ type: 'unsend', externalId, at: deletedAt }, requestId)
    if (isRead) this.#threads.readUntil(conversationId, sentAt, requestId)
  }

  #holderOf(conversation: Conversation): Conversation {
    return holderOf(conversation, this.#byId(conversation.joined))
  }

  /** The only way a ticket is opened or reopened. */
  #ticketForCustomer(conversation: Conversation, event: MessageReceived, actor: EventActor, requestId: string): Place {
    const holder = this.#holderOf(conversation)
    const { open, newestResolved } = holder
    if (!open && !(newestResolved && reopens(newestResolved.resolvedAt, event.at, this.#rules.reopenWindowMs))) {
      const ticketId = this.#openTicket(conversation, newestResolved, event, 'OPEN', actor, requestId)
      return { ticketId, opened: true, elsewhere: false }
    }
    const ticket = open ?? {
      id: (newestResolved as NonNullable<typeof newestResolved>).id,
      status: 'RESOLVED' as const,
    }
    if (ticket.status !== 'OPEN') this.#draft.setOpen(ticket.id, ticket.status, actor, requestId)
    holder.open = { id: ticket.id, status: 'OPEN' }
    return { ticketId: ticket.id, opened: false, elsewhere: holder !== conversation }
  }

  /**
   * An echo, and what was written before, joins the newest ticket and changes nothing about it; a person we do not know gets one
   * that nobody is told of. PENDING, so that the next message continues on it: also had it come first.
   */
  #ticketForPast(
    conversation: Conversation,
    event: MessageReceived | EchoReceived,
    actor: EventActor,
    requestId: string,
  ): Place {
    const holder = this.#holderOf(conversation)
    const known = holder.open ?? holder.newestResolved
    return {
      ticketId: known?.id ?? this.#openTicket(conversation, null, event, 'PENDING', actor, requestId),
      opened: false,
      elsewhere: holder !== conversation,
    }
  }

  #openTicket(
    conversation: Conversation,
    previous: Conversation['newestResolved'],
    event: MessageReceived | EchoReceived,
    status: TicketStatus,
    actor: EventActor,
    requestId: string,
  ): TicketId {
    const id = this.#rules.nextId() as TicketId
    // The ad is not this message's to say: the store derives it from all of them.
    const { mediaId, permalink } = event.context ?? NO_CONTEXT
    const ticket: NewTicket = {
      id,
      conversationId: conversation.id,
      customerId: conversation.customerId,
      kind: conversation.surface,
      status,
      context: conversation.surface === 'DM' ? null : { mediaId, permalink, caption: null },
      previousTicketId: previous?.id ?? null,
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
    { ticketId, elsewhere }: Place,
    actor: EventActor,
    by: Pick<NewMessage, 'direction' | 'authorType' | 'via' | 'status'>,
  ): NewMessage {
    // Taken back before it came: it makes its customer and ticket, and shows nothing.
    const { deletedAt, edit, isRead } = this.#messages.arriving(event.externalId)
    const shown = deletedAt === null
    const message: NewMessage = {
      ...by,
      id: this.#rules.nextId() as MessageId,
      partId: this.#rules.nextId() as PartId,
      ticketId,
      conversationId: conversation.id,
      elsewhere,
      kind: event.kind,
      content: shown ? (edit?.text ?? event.text) : null,
      attachments: shown ? event.attachments : [],
      context: shown ? event.context : null,
      externalId: event.externalId,
      replyToExternalId: event.replyToExternalId,
      sentAt: event.at,
      deletedAt,
      edit,
      verified: delivery.verified,
      requestId: delivery.requestId,
      rawEventId: delivery.id,
      historical: this.#rules.isHistorical ?? false,
    }
    this.#draft.addMessage(message, actor)
    const { id: messageId, partId, direction, conversationId, sentAt } = message
    this.#messages.know(event.externalId, {
      partId,
      messageId,
      ticketId,
      conversationId,
      direction,
      isOurs: false,
      isOneOfSeveral: false,
      sentAt,
      deletedAt,
      edit,
    })
    if (isRead) this.#threads.readUntil(conversationId, sentAt, delivery.requestId)
    return message
  }

  #conversation(thread: Thread): Conversation {
    const found = this.#conversations.get(threadKey(thread))
    if (!found) throw new Error('an event’s conversation was not loaded')
    return found
  }
}
