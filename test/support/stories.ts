import * as fc from 'fast-check'
import type { InboundEvent, Thread } from '../../src/core/channel/inbound-event.ts'
import type { ExternalMessageId, ExternalUserId } from '../../src/core/ids.ts'
import { aMessage, anEcho, anEdit, anUnsend, minutes } from '../builders/events.ts'

/** Few people, times and ids, so that everything collides with everything. */
const person = fc.constantFrom('ann', 'bea')
const time = fc.integer({ min: 0, max: 4 })

/** What the platform calls somebody at a time: two events of one time say the same. */
const nameAt = (who: string, minute: number) =>
  [null, `${who}.first`, null, `${who}.second`, `${who}.first`][minute] ?? null

const threadOf = (surface: 'DM' | 'COMMENT', who: string, minute: number): Thread => ({
  surface,
  key: surface === 'DM' ? who : `a-post ${who}`,
  person: {
    externalId: who as ExternalUserId,
    username: surface === 'DM' ? null : nameAt(who, minute),
    name: null,
  },
})

const picture = { type: 'IMAGE', url: 'https://cdn.example/1', title: null, platformType: 'image' } as const
const noReferral = { source: null, ref: null, adId: null, adTitle: null, productId: null }
const referral = fc.constantFrom('spring', 'autumn').map((ref) => ({ ...noReferral, ref }))

const KINDS = ['dm', 'dm', 'dm', 'story', 'image', 'postback', 'comment', 'echo', 'echo'] as const

type Said = Readonly<{ what: (typeof KINDS)[number]; who: string; minute: number; from: string | null }>

const said: fc.Arbitrary<Said> = fc.record({
  what: fc.constantFrom(...KINDS),
  who: person,
  minute: time,
  from: fc.constantFrom(null, null, 'spring', 'autumn'),
})

function told({ what, who, minute, from }: Said, externalId: string): InboundEvent {
  const about = { externalId, at: minutes(minute), text: `${what} ${externalId}` }
  const thread = threadOf(what === 'comment' ? 'COMMENT' : 'DM', who, minute)
  const referred = from === null ? null : { ...noReferral, ref: from }
  switch (what) {
    case 'dm':
      return aMessage({ ...about, thread, referral: referred })
    case 'story':
      return aMessage({ ...about, thread, kind: 'STORY_REPLY' })
    case 'image':
      return aMessage({ ...about, thread, text: null, kind: 'MEDIA', attachments: [picture] })
    case 'postback':
      return aMessage({ ...about, thread, kind: 'POSTBACK', referral: referred })
    case 'comment':
      return aMessage({ ...about, thread, kind: 'COMMENT' })
    case 'echo':
      return anEcho({ ...about, thread })
  }
}

/** Mostly of the same message and at the same time, so that the rules for ties are needed; `m2` seldom comes. */
const message = fc.constantFrom('m0', 'm0', 'm0', 'm3', 'm2')
const later = fc.constantFrom(5, 5, 5, 6)

const id = (externalId: string) => externalId as ExternalMessageId

/** What is said of a message, which may never come, and of a conversation. */
const remark: fc.Arbitrary<InboundEvent> = fc.oneof(
  fc.record({ of: message, minute: later }).map(({ of, minute }) => anUnsend(of, minutes(minute))),
  fc
    .record({ of: message, revision: fc.constantFrom(1, 1, 2), minute: later, word: fc.constantFrom('a', 'b') })
    .map(({ of, revision, minute, word }) => anEdit(of, `edit ${word}`, revision, minutes(minute))),
  fc
    .record({
      of: message,
      actor: person,
      minute: later,
      reaction: fc.constantFrom(null, { name: 'love', emoji: '❤️' }, { name: 'other', emoji: '🧿' }),
    })
    .map(
      ({ of, actor, minute, reaction }): InboundEvent => ({
        type: 'reaction',
        externalId: id(of),
        actor: actor as ExternalUserId,
        reaction,
        at: minutes(minute),
      }),
    ),
  fc
    .record({ of: message, minute: later })
    .map(({ of, minute }): InboundEvent => ({ type: 'read', externalId: id(of), at: minutes(minute) })),
  fc.record({ who: person, minute: time, referral }).map(
    ({ who, minute, referral: came }): InboundEvent => ({
      type: 'referral',
      thread: threadOf('DM', who, minute),
      referral: came,
      at: minutes(minute),
    }),
  ),
  fc.record({ who: person, minute: time, owner: fc.constantFrom(null, '111', '222') }).map(
    ({ who, minute, owner }): InboundEvent => ({
      type: 'thread-control',
      thread: threadOf('DM', who, minute),
      owner,
      at: minutes(minute),
    }),
  ),
)

/** Up to 12 events. Ids are not given in the order of their making: they break ties, and must do so whatever came first. */
export const story: fc.Arbitrary<readonly InboundEvent[]> = fc
  .record({ messages: fc.array(said, { minLength: 1, maxLength: 5 }), remarks: fc.array(remark, { maxLength: 7 }) })
  .map(({ messages, remarks }) => [...messages.map((each, index) => told(each, `m${(index * 3) % 5}`)), ...remarks])

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
