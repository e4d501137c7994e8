import * as fc from 'fast-check'
import type { InboundEvent } from '../../src/core/channel/inbound-event.ts'

/** Batches of deliveries of events. */
export type Schedule = Readonly<{ workers: 1 | 4; batches: readonly (readonly (readonly InboundEvent[])[])[] }>

/** Any permutation with repetitions, cut into batches of deliveries of one or more events. */
export const scheduleOf = (events: readonly InboundEvent[]): fc.Arbitrary<Schedule> =>
  fc
    .record({
      workers: fc.constantFrom(1 as const, 4 as const),
      repeats: fc.array(fc.integer({ min: 0, max: events.length - 1 }), { maxLength: 4 }),
      ranks: fc.array(fc.nat(), { minLength: events.length + 4, maxLength: events.length + 4 }),
      cuts: fc.array(fc.constantFrom('same delivery', 'same batch', 'new batch', 'new batch'), {
        minLength: events.length + 4,
        maxLength: events.length + 4,
      }),
    })
    .map(({ workers, repeats, ranks, cuts }) => {
      const all = [...events, ...repeats.flatMap((index) => events[index] ?? [])]
      const order = all
        .map((event, index) => ({ event, rank: ranks[index] ?? 0 }))
        .sort((a, b) => a.rank - b.rank)
        .map(({ event }) => event)
      return { workers, batches: cutUp(order, cuts) }
    })

function cutUp(order: readonly InboundEvent[], cuts: readonly string[]): InboundEvent[][][] {
  const batches: InboundEvent[][][] = []
  for (const [index, event] of order.entries()) {
    const batch = batches.at(-1)
    const delivery = batch?.at(-1)
    if (!batch || !delivery || cuts[index] === 'new batch') batches.push([[event]])
    else if (cuts[index] === 'same batch') batch.push([event])
    else delivery.push(event)
  }
  return batches
}
