import type { InboundParser, ParseOptions } from '../../ports/channel-adapter.ts'
import type { InboundEvent } from '../channel/inbound-event.ts'

/** What stays away from a channel: who was erased, by the platform's ids, as far as they were asked for, and what is too old. */
export type Erased = Readonly<{
  /** What they sent until then stays away; what comes later is a new customer's. */
  people: ReadonlyMap<string, Date>
  /** Their messages, and those to them: never again. */
  messages: ReadonlySet<string>
  /** The channel keeps nothing that is older; null: it keeps everything. */
  before: Date | null
  /** Messages that are here: what is said of them counts, whatever its age. */
  here: ReadonlySet<string>
}>

export const NOBODY: Erased = { people: new Map(), messages: new Set(), before: null, here: new Set() }

export const isNobody = ({ people, messages }: Erased): boolean => people.size === 0 && messages.size === 0

/** Ids that a piece of a body holds, whatever for. */
export type Names = (id: string) => boolean

/** Whether an event is of somebody who was erased. `names` helps where the event itself does not say whose it is. */
export function isErased(erased: Erased, event: InboundEvent, names: Names = () => false): boolean {
  const { people, messages } = erased
  if (isTooOld(erased, event)) return true
  const isPast = (person: string) => {
    const until = people.get(person)
    return until !== undefined && event.at <= until
  }
  if ('externalId' in event && messages.has(event.externalId)) return true
  if ('thread' in event) return isPast(event.thread.person.externalId)
  if (event.type === 'own-comment' && messages.has(event.under)) return true
  if (event.type === 'reaction' && isPast(event.actor)) return true
  return [...people.keys()].some((person) => names(person) && isPast(person))
}

const ABOUT_MESSAGES: ReadonlySet<InboundEvent['type']> = new Set(['edit', 'unsend', 'reaction', 'read', 'announced'])

const isTooOld = ({ before, here }: Erased, event: InboundEvent): boolean =>
  before !== null &&
  event.at < before &&
  !(ABOUT_MESSAGES.has(event.type) && 'externalId' in event && here.has(event.externalId))

/** Messages that are too old to be kept stay away with what is said of them in the same breath. */
export function withTooOld(erased: Erased, events: readonly InboundEvent[]): Erased {
  const old = events.flatMap((event) =>
    (event.type === 'message' || event.type === 'echo') && isTooOld(erased, event) && !erased.here.has(event.externalId)
      ? [event.externalId]
      : [],
  )
  return old.length === 0 ? erased : { ...erased, messages: new Set([...erased.messages, ...old]) }
}

/**
 * A body without what is erased; its neighbours stay. The same bytes where there is nothing of it. Empty where nothing is left,
 * and where nobody can take somebody out of it.
 */
export function withoutErased(
  parser: InboundParser | null,
  body: Uint8Array,
  options: ParseOptions,
  erased: Erased,
): Uint8Array {
  const text = Buffer.from(body).toString()
  const left = parser?.erase?.(text, options, (event, names) => isErased(erased, event, names)) ?? ''
  return left === text ? body : Buffer.from(left)
}
