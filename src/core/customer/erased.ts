import type { InboundParser, ParseOptions } from '../../ports/channel-adapter.ts'
import type { InboundEvent } from '../channel/inbound-event.ts'

/** Who was erased, of a channel: by the platform's ids, as far as they were asked for. */
export type Erased = Readonly<{
  /** What they sent until then stays away; what comes later is a new customer's. */
  people: ReadonlyMap<string, Date>
  /** Their messages, and those to them: never again. */
  messages: ReadonlySet<string>
}>

export const NOBODY: Erased = { people: new Map(), messages: new Set() }

export const isNobody = ({ people, messages }: Erased): boolean => people.size === 0 && messages.size === 0

/** Ids that a piece of a body holds, whatever for. */
export type Names = (id: string) => boolean

/** Whether an event is of somebody who was erased. `names` helps where the event itself does not say whose it is. */
export function isErased({ people, messages }: Erased, event: InboundEvent, names: Names = () => false): boolean {
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
