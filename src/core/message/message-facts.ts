import type { Edit, IntakeChanges, IntakeState, KnownPart, StoredReaction } from '../../ports/intake-store.ts'
import type { MessageEdited, MessageReacted, MessageUnsent } from '../channel/inbound-event.ts'
import type { DomainEvent, EventType } from '../event/domain-event.ts'
import type { ExternalMessageId, TicketId } from '../ids.ts'

type Changes = Pick<
  IntakeChanges,
  'edits' | 'earlyEdits' | 'unsends' | 'tombstones' | 'reactions' | 'earlyReads' | 'announced' | 'settled'
>

const earlier = (one: Date | undefined, other: Date): Date => (one && one < other ? one : other)

/**
 * What a batch says of messages: that they were edited, unsent, reacted to, seen. Each may come before its message, so what is
 * said is kept by the platform's id, and every choice is by the platform's own order, never by that of arrival.
 */
export class MessageFacts {
  readonly #parts: Map<ExternalMessageId, KnownPart>
  readonly #state: IntakeState
  readonly #gone: Map<ExternalMessageId, Date>
  readonly #reactions: Map<string, StoredReaction>
  readonly #edits = new Map<ExternalMessageId, Edit>()
  readonly #unsent = new Map<ExternalMessageId, Date>()
  readonly #reacted = new Set<string>()
  readonly #earlyReads = new Set<ExternalMessageId>()
  readonly #announced = new Map<ExternalMessageId, string | null>()
  readonly #settled = new Set<ExternalMessageId>()
  /** The webhook that spoke of the message last. */
  readonly #saidIn = new Map<ExternalMessageId, string | null>()

  constructor(state: IntakeState) {
    this.#state = state
    this.#parts = new Map(state.parts)
    this.#gone = new Map(state.tombstones)
    this.#reactions = new Map(state.reactions.map((reaction) => [keyOf(reaction), reaction]))
  }

  part(externalId: ExternalMessageId): KnownPart | undefined {
    return this.#parts.get(externalId)
  }

  know(externalId: ExternalMessageId, part: KnownPart): void {
    this.#parts.set(externalId, part)
  }

  /** What was said before of a message that arrives now. It is its own from here on. */
  arriving(externalId: ExternalMessageId): { deletedAt: Date | null; edit: Edit | null; isRead: boolean } {
    const early = this.#state.early.get(externalId)
    if (early) this.#settled.add(externalId)
    const deletedAt = this.#state.tombstones.get(externalId) ?? null
    return { deletedAt, edit: deletedAt === null ? (early?.edit ?? null) : null, isRead: early?.isRead ?? false }
  }

  edited({ externalId, revision, at, text }: MessageEdited, requestId: string | null): void {
    const part = this.#parts.get(externalId)
    const known = this.#edits.get(externalId) ?? (part ? part.edit : this.#state.early.get(externalId)?.edit)
    const edit: Edit = { revision, at, text }
    if (!known || isLaterEdit(edit, known)) this.#edits.set(externalId, edit)
    this.#saidIn.set(externalId, requestId)
  }

  /** The tombstone stands for messages that are still to come; the earliest time wins. */
  unsent({ externalId, at }: MessageUnsent, requestId: string | null): void {
    this.#saidIn.set(externalId, requestId)
    this.#unsent.set(externalId, earlier(this.#unsent.get(externalId), at))
    this.#gone.set(externalId, at)
  }

  reacted({ externalId, actor, reaction, at }: MessageReacted, requestId: string | null): void {
    this.#saidIn.set(externalId, requestId)
    const given: StoredReaction = { externalId, actor, reaction, at }
    const key = keyOf(given)
    const known = this.#reactions.get(key)
    if (known && !isLaterReaction(given, known)) return
    this.#reactions.set(key, given)
    this.#reacted.add(key)
  }

  announced(externalId: ExternalMessageId, requestId: string | null): void {
    this.#announced.set(externalId, requestId)
  }

  /** Seen before it came: remembered until it does. */
  readEarly(externalId: ExternalMessageId): void {
    this.#earlyReads.add(externalId)
  }

  finish(): { changes: Changes; events: readonly DomainEvent[]; touched: readonly TicketId[] } {
    const edits = [...this.#edits].filter(([id]) => !this.#gone.has(id))
    const known = edits.flatMap(([id, edit]) => this.#about(id, (part) => ({ id, part, edit })))
    const unsends = [...this.#unsent].flatMap(([id, at]) => this.#about(id, (part) => ({ id, part, at })))
    const gone = unsends.filter(({ part }) => part.deletedAt === null)
    const reactions = [...this.#reacted].flatMap((key) => this.#reactions.get(key) ?? [])
    const shown = reactions.filter(({ externalId }) => !this.#gone.has(externalId))
    return {
      changes: {
        edits: known,
        earlyEdits: edits.filter(([id]) => !this.#parts.has(id)).map(([externalId, edit]) => ({ externalId, edit })),
        unsends,
        tombstones: [...this.#unsent].map(([externalId, at]) => ({ externalId, at })),
        reactions: shown,
        earlyReads: [...this.#earlyReads],
        announced: [...this.#announced].flatMap(([externalId, requestId]) =>
          this.#parts.has(externalId) || this.#gone.has(externalId) ? [] : [{ externalId, requestId }],
        ),
        settled: [...this.#settled],
      },
      events: [
        ...known.map(({ id, part }) => aboutMessage('message.edited', part, this.#requestOf(id))),
        // What is left of a reply of several parts is still there.
        ...gone.map(({ id, part }) =>
          aboutMessage(part.isOneOfSeveral ? 'message.edited' : 'message.deleted', part, this.#requestOf(id)),
        ),
        ...shown.flatMap((reaction) => this.#tellReaction(reaction)),
      ],
      // One that was taken back before changes nothing.
      touched: [...known, ...gone].map(({ part }) => part.ticketId),
    }
  }

  #about<T>(externalId: ExternalMessageId, say: (part: KnownPart) => T): readonly T[] {
    const part = this.#parts.get(externalId)
    return part ? [say(part)] : []
  }

  #requestOf(id: ExternalMessageId): string | null {
    return this.#saidIn.get(id) ?? null
  }

  #tellReaction(now: StoredReaction): readonly DomainEvent[] {
    const before = this.#state.reactions.find((stored) => keyOf(stored) === keyOf(now))?.reaction ?? null
    const emoji = now.reaction?.emoji ?? before?.emoji ?? null
    if (
      before !== null &&
      now.reaction !== null &&
      before.emoji === now.reaction.emoji &&
      before.name === now.reaction.name
    )
      return []
    const type = now.reaction ? 'message.reaction_added' : before ? 'message.reaction_removed' : null
    if (type === null) return []
    return this.#about(now.externalId, (part) => ({
      ...aboutMessage(type, part, this.#requestOf(now.externalId)),
      actor: { type: 'CUSTOMER', id: null },
      data: { emoji },
    }))
  }
}

const keyOf = ({ externalId, actor }: StoredReaction): string => JSON.stringify([externalId, actor])

/** Ties by what they say, so that the order of arrival leaves no trace. */
function isLaterEdit(one: Edit, other: Edit): boolean {
  if (one.revision !== other.revision) return one.revision > other.revision
  if (one.at.getTime() !== other.at.getTime()) return one.at > other.at
  return one.text > other.text
}

function isLaterReaction(one: StoredReaction, other: StoredReaction): boolean {
  if (one.at.getTime() !== other.at.getTime()) return one.at > other.at
  const words = ({ reaction }: StoredReaction) => (reaction ? JSON.stringify([reaction.name, reaction.emoji]) : '')
  return words(one) > words(other)
}

function aboutMessage(
  type: EventType,
  { direction, messageId, ticketId }: KnownPart,
  requestId: string | null,
): DomainEvent {
  return {
    type,
    actor: { type: direction === 'INBOUND' ? 'CUSTOMER' : 'EXTERNAL', id: null },
    resource: { type: 'message', id: messageId },
    ticketId,
    requestId,
  }
}
