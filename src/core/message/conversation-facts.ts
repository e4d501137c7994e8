import type { ConversationState, DatedReferral, IntakeChanges, ThreadOwner } from '../../ports/intake-store.ts'
import type { Referral } from '../channel/inbound-event.ts'
import type { DomainEvent } from '../event/domain-event.ts'
import type { ConversationId, TicketId } from '../ids.ts'

type Facts = {
  -readonly [K in keyof IntakeChanges['conversations'][number]]: IntakeChanges['conversations'][number][K]
}

/**
 * What a batch says of conversations: how far the customer has read, where they came from first and last, which app has the
 * thread. Each is a minimum or maximum over the platform's times, so order and repetition leave no trace.
 */
export class ConversationFacts {
  readonly #stored: ReadonlyMap<ConversationId, ConversationState>
  readonly #now = new Map<ConversationId, Facts>()
  /** What the conversation's open ticket shows anew. */
  readonly #shown = new Map<ConversationId, Record<string, string | null>>()
  /** The webhooks that told of the two. */
  readonly #shownIn = new Map<ConversationId, string | null>()
  readonly #readIn = new Map<ConversationId, string | null>()

  constructor(conversations: readonly ConversationState[]) {
    this.#stored = new Map(conversations.map((conversation) => [conversation.id, conversation]))
  }

  readUntil(id: ConversationId, at: Date, requestId: string | null): void {
    const facts = this.#factsOf(id)
    if (!facts || (facts.readUntil !== null && facts.readUntil >= at)) return
    facts.readUntil = at
    this.#readIn.set(id, requestId)
  }

  referred(id: ConversationId, referral: Referral, at: Date, requestId: string | null): void {
    const facts = this.#factsOf(id)
    if (!facts) return
    const dated: DatedReferral = { ...referral, at }
    if (facts.firstReferral === null || compare(dated, facts.firstReferral) < 0) facts.firstReferral = dated
    if (facts.lastReferral !== null && compare(dated, facts.lastReferral) <= 0) return
    facts.lastReferral = dated
    this.#show(id, { referral: referral.ref ?? referral.adId ?? referral.productId }, requestId)
  }

  controlled(id: ConversationId, owner: ThreadOwner, requestId: string | null): void {
    const facts = this.#factsOf(id)
    if (!facts || (facts.threadOwner !== null && compare(owner, facts.threadOwner) <= 0)) return
    facts.threadOwner = owner
    this.#show(id, { threadOwner: owner.appId }, requestId)
  }

  finish(openTicketOf: (id: ConversationId) => TicketId | null): {
    changes: Pick<IntakeChanges, 'conversations'>
    events: readonly DomainEvent[]
    touched: readonly TicketId[]
  } {
    const conversations = [...this.#now.values()].filter((facts) => !isSame(facts, this.#stored.get(facts.id)))
    const updated = [...this.#shown].flatMap(([id, data]) => {
      const ticketId = openTicketOf(id)
      return ticketId === null ? [] : [ticketUpdated(ticketId, data, this.#shownIn.get(id) ?? null)]
    })
    const seen = conversations.flatMap(({ id, readUntil }) => {
      const unseen = this.#stored.get(id)?.unseen ?? []
      return unseen
        .filter(({ sentAt }) => readUntil !== null && sentAt <= readUntil)
        .map((message) => becameRead(message, this.#readIn.get(id) ?? null))
    })
    return {
      changes: { conversations },
      events: [...updated, ...seen],
      touched: updated.flatMap(({ ticketId }) => ticketId ?? []),
    }
  }

  #factsOf(id: ConversationId): Facts | null {
    const known = this.#now.get(id)
    if (known) return known
    const stored = this.#stored.get(id)
    if (!stored) return null
    const { readUntil, firstReferral, lastReferral, threadOwner } = stored
    const facts: Facts = { id, readUntil, firstReferral, lastReferral, threadOwner }
    this.#now.set(id, facts)
    return facts
  }

  #show(id: ConversationId, data: Record<string, string | null>, requestId: string | null): void {
    this.#shownIn.set(id, requestId)
    this.#shown.set(id, { ...this.#shown.get(id), ...data })
  }
}

/** By time, ties by what they say. */
function compare<T extends Readonly<{ at: Date }>>(one: T, other: T): number {
  const difference = one.at.getTime() - other.at.getTime()
  if (difference !== 0) return difference
  const [a, b] = [wordsOf(one), wordsOf(other)]
  return a < b ? -1 : a > b ? 1 : 0
}

/** Whatever order its members are in: it may come from the database. */
const wordsOf = (facts: Readonly<{ at: Date }>): string => JSON.stringify(Object.entries(facts).sort())

const isSame = (facts: Facts, stored: ConversationState | undefined): boolean =>
  stored !== undefined &&
  facts.readUntil === stored.readUntil &&
  facts.firstReferral === stored.firstReferral &&
  facts.lastReferral === stored.lastReferral &&
  facts.threadOwner === stored.threadOwner

const SYSTEM = { type: 'SYSTEM', id: null } as const

const ticketUpdated = (id: TicketId, data: Record<string, string | null>, requestId: string | null): DomainEvent => ({
  type: 'ticket.updated',
  actor: SYSTEM,
  resource: { type: 'ticket', id },
  ticketId: id,
  data,
  requestId,
})

const becameRead = (
  { messageId, ticketId }: ConversationState['unseen'][number],
  requestId: string | null,
): DomainEvent => ({
  type: 'message.status_changed',
  actor: { type: 'CUSTOMER', id: null },
  resource: { type: 'message', id: messageId },
  ticketId,
  data: { from: 'SENT', to: 'READ' },
  requestId,
})
