import type { InboundParser } from '../../ports/channel-adapter.ts'
import type { IntakeChanges, IntakeState, RawShare } from '../../ports/intake-store.ts'
import type { RawDelivery } from '../../ports/webhook-intake.ts'
import type { AccountShare, InboundEvent } from '../channel/inbound-event.ts'
import type { Erased } from '../customer/erased.ts'
import type { ExternalMessageId } from '../ids.ts'

/** The account's share of one delivery. */
export type Unit = Readonly<{
  delivery: RawDelivery
  share: AccountShare
  body: Uint8Array
  isReplay: boolean
  /** The same without what is erased, read again; its body is empty where nothing is left. */
  without(erased: Erased): Unit
}>

export type Redact = (body: Uint8Array, gone: ReadonlySet<ExternalMessageId>) => Uint8Array

/** Nothing is kept of a body that cannot be read, or of a channel that cannot take single messages out of one. */
export const redactWith =
  ({ redact }: InboundParser): Redact =>
  (body, gone) =>
    redact ? Buffer.from(redact(Buffer.from(body).toString(), gone)) : new Uint8Array()

const QUOTED = /"((?:[^"\\]|\\.){1,500})"/g

/** What stands in quotes in a body that may be anything: ids among it. With a NUL it is none, and nothing to ask a database for. */
export const quotedIn = (body: Uint8Array): readonly string[] => [
  ...new Set(
    Array.from(Buffer.from(body).toString().matchAll(QUOTED), ([, word]) => (word ?? '').replaceAll('\\/', '/')).filter(
      (word) => !word.includes('\0'),
    ),
  ),
]

const NUMBER = /(?<=[:[,\s])\d{1,40}(?=[,}\]\s])/g

/** The same, and numbers: some write ids as such. */
export const namedIn = (body: Uint8Array): readonly string[] => [
  ...quotedIn(body),
  ...new Set(Array.from(Buffer.from(body).toString().matchAll(NUMBER), ([number]) => number)),
]

export const isArrival = (event: InboundEvent): boolean => event.type === 'message' || event.type === 'echo'

/**
 * The bodies to keep: without the words of what was taken back before it came, without second copies of what is there, and
 * with a note of each message whose words are in it besides those that came in it, so that a later unsend finds them all.
 */
export function rawToKeep(
  units: readonly Unit[],
  { parts, tombstones }: IntakeState,
  { messages }: Pick<IntakeChanges, 'messages'>,
  redact: Redact,
): readonly RawShare[] {
  const gone = new Set(tombstones.keys())
  const cameIn = new Map(messages.map(({ externalId, rawEventId }) => [externalId, rawEventId]))
  const known = new Set(parts.keys())
  return units.flatMap(({ delivery, share, body, isReplay }) => {
    const arrived = idsOf(share.events.filter(isArrival))
    const isRepeat =
      share.events.length > 0 && share.events.every((event) => isArrival(event)) && arrived.every((id) => known.has(id))
    for (const id of arrived) known.add(id)
    // A replayed one is there already, perhaps put aside: it has to be known for what it holds.
    if (isRepeat && !isReplay) return []
    const edited = idsOf(share.events.filter(({ type }) => type === 'edit'))
    const worded = [...new Set([...arrived, ...edited])]
    return [
      {
        delivery,
        body: worded.some((id) => gone.has(id)) ? redact(body, gone) : body,
        copies: worded.filter((id) => !gone.has(id) && (cameIn.get(id) !== delivery.id || edited.includes(id))),
      },
    ]
  })
}

export const idsOf = (events: readonly InboundEvent[]): readonly ExternalMessageId[] => [
  ...new Set(events.flatMap((event) => ('externalId' in event ? [event.externalId] : []))),
]
