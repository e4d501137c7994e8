import type { InboundEvent } from '../channel/inbound-event.ts'
import { type Erased, isErased } from '../customer/erased.ts'
import type { IngestItem } from './ingest.ts'
import { namedIn, type Unit } from './raw-bodies.ts'

/** Events, and the bodies that they were read from, if any. */
type Brought = Readonly<{ items: readonly IngestItem[]; units: readonly Unit[] }>

/** Every id that may be of somebody who was erased: of events, and whatever else their bodies name. */
export function* idsIn({ items, units }: Brought): Iterable<string> {
  for (const { event } of items) yield* idsOf(event)
  for (const { body } of units) yield* namedIn(body)
}

function* idsOf(event: InboundEvent): Iterable<string> {
  if ('externalId' in event) yield event.externalId
  if ('thread' in event) yield event.thread.person.externalId
  if (event.type === 'reaction') yield event.actor
  if (event.type === 'own-comment') yield event.under
}

/** What is left once the erased are taken out: bodies lose their items and are read again, so that both say the same. */
export function without(erased: Erased, { items, units }: Brought): Brought {
  const rest = units
    .map((unit) => unit.without(erased))
    .filter(({ body, share }) => body.length > 0 || share.events.length > 0)
  const read =
    units.length === 0
      ? items
      : rest.flatMap(({ delivery, share }) => share.events.map((event): IngestItem => ({ event, delivery })))
  return { items: read.filter(({ event }) => !isErased(erased, event)), units: rest }
}
