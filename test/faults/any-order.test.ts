import { deepStrictEqual } from 'node:assert/strict'
import test from 'ava'
import * as fc from 'fast-check'
import { inOrganization } from '../../src/adapters/persistence/transaction.ts'
import type { InboundEvent, Thread } from '../../src/core/channel/inbound-event.ts'
import type { ExternalUserId } from '../../src/core/ids.ts'
import { aMessage, anEcho, anEdit, anUnsend, minutes } from '../builders/events.ts'
import { type CoreOnDatabase, coreOn, deliveryOf, type Inbox, seedInbox } from '../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { inboxState } from '../support/inbox-state.ts'

const CASES = { services: 300, embedded: 30 }

/** Few people, times and ids, so that everything collides with everything. */
const person = fc.constantFrom('ann', 'bea')
const time = fc.integer({ min: 0, max: 4 })

/** What the platform calls somebody at a time: two events of one time say the same. */
const nameAt = (who: string, minute: number) =>
  [null, `${who}.first`, null, `${who}.second`, `${who}.first`][minute] ?? null

const direct = (who: string): Thread => ({
  surface: 'DM',
  key: who,
  person: { externalId: who as ExternalUserId, username: null, name: null },
})

const comment = (who: string, minute: number): Thread => ({
  surface: 'COMMENT',
  key: `a-post ${who}`,
  person: { externalId: who as ExternalUserId, username: nameAt(who, minute), name: null },
})

const picture = { type: 'IMAGE', url: 'https://cdn.example/1', title: null, platformType: 'image' } as const

type Draft = Readonly<{
  what: 'dm' | 'story' | 'image' | 'comment' | 'echo'
  who: string
  minute: number
  unsentAt: readonly number[]
  edits: readonly number[]
}>

const draft: fc.Arbitrary<Draft> = fc.record({
  what: fc.constantFrom('dm', 'dm', 'story', 'image', 'comment', 'echo', 'echo'),
  who: person,
  minute: time,
  unsentAt: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(time, { minLength: 1, maxLength: 2 }) },
  ),
  edits: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.uniqueArray(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }) },
  ),
})

function message({ what, who, minute }: Draft, externalId: string): InboundEvent {
  const at = minutes(minute)
  const text = `${what} ${externalId}`
  switch (what) {
    case 'dm':
      return aMessage({ externalId, at, text, thread: direct(who) })
    case 'story':
      return aMessage({ externalId, at, text, thread: direct(who), kind: 'STORY_REPLY' })
    case 'image':
      return aMessage({ externalId, at, text: null, thread: direct(who), kind: 'MEDIA', attachments: [picture] })
    case 'comment':
      return aMessage({ externalId, at, text, thread: comment(who, minute), kind: 'COMMENT' })
    case 'echo':
      return anEcho({ externalId, at, text, thread: direct(who) })
  }
}

/** What the platform tells of each message: that it came, and whether it was edited and taken back. */
const eventsOf = (drafts: readonly Draft[]): InboundEvent[] =>
  drafts.flatMap((each, index) => {
    // Not in the order of their making: ids break ties, and must do so whatever came first.
    const externalId = `m${(index * 7) % 10}`
    return [
      message(each, externalId),
      ...each.unsentAt.map((minute) => anUnsend(externalId, minutes(minute + 5))),
      ...each.edits.map((revision) => anEdit(externalId, `edited ${revision}`, revision, minutes(revision + 5))),
    ]
  })

/** Any permutation with repetitions, cut into batches of deliveries of one or more events. */
type Schedule = readonly (readonly (readonly InboundEvent[])[])[]

const scheduleOf = (events: readonly InboundEvent[]): fc.Arbitrary<Schedule> =>
  fc
    .record({
      repeats: fc.array(fc.integer({ min: 0, max: Math.max(0, events.length - 1) }), { maxLength: 5 }),
      ranks: fc.array(fc.nat(), { minLength: events.length + 5, maxLength: events.length + 5 }),
      cuts: fc.array(fc.constantFrom('same delivery', 'same batch', 'new batch', 'new batch'), {
        minLength: events.length + 5,
        maxLength: events.length + 5,
      }),
    })
    .map(({ repeats, ranks, cuts }) => {
      const told = [...events, ...repeats.flatMap((index) => events[index] ?? [])]
      const order = told
        .map((event, index) => ({ event, rank: ranks[index] ?? 0 }))
        .sort((a, b) => a.rank - b.rank)
        .map(({ event }) => event)
      const batches: InboundEvent[][][] = []
      for (const [index, event] of editsAfterTheirMessages(order).entries()) {
        const cut = cuts[index]
        const batch = batches.at(-1)
        const delivery = batch?.at(-1)
        if (!batch || !delivery || cut === 'new batch') batches.push([[event]])
        else if (cut === 'same batch') batch.push([event])
        else delivery.push(event)
      }
      return batches
    })

/** An edit that comes before its message is not kept yet; among themselves, and with unsends, they come in any order. */
function editsAfterTheirMessages(order: readonly InboundEvent[]): readonly InboundEvent[] {
  const early: InboundEvent[] = []
  const told = new Set<string>()
  const rest = order.filter((event) => {
    if (event.type === 'message' || event.type === 'echo') told.add(event.externalId)
    if (event.type !== 'edit' || told.has(event.externalId)) return true
    early.push(event)
    return false
  })
  return [...rest, ...early]
}

const story = fc
  .array(draft, { minLength: 1, maxLength: 6 })
  .map(eventsOf)
  .chain((events) => fc.record({ events: fc.constant(events), one: scheduleOf(events), other: scheduleOf(events) }))

onEachProfile((profile) => {
  let db: TestDatabase
  let program: CoreOnDatabase
  test.before(async () => {
    db = await testDatabase(profile)
    program = coreOn(db)
  })
  test.after.always(() => db.close())

  async function play(schedule: Schedule) {
    const { core, queries, orm, log } = program
    const inbox: Inbox = await seedInbox(orm)
    for (const batch of schedule) await core.receiveWebhooks(batch.map((events) => deliveryOf(inbox, events)))
    if (log.of('error').length > 0) throw new Error(log.text)
    return inboxState(queries, inbox.orgId)
  }

  test(`${profile}: any permutation, repetition and split of the same events ends in the same inbox`, async (t) => {
    t.timeout(240_000)
    await fc.assert(
      fc.asyncProperty(story, async ({ one, other }) => {
        const [first, second] = await Promise.all([play(one), play(other)])
        deepStrictEqual(first, second)
      }),
      { numRuns: CASES[profile], interruptAfterTimeLimit: 200_000, markInterruptAsFailure: true },
    )
    t.pass()
  })

  test(`${profile}: no raw body keeps the words of an unsent message, whatever came first and how often`, async (t) => {
    const { core, orm } = program
    const told = () => [aMessage({ text: 'regretted' }), aMessage({ text: 'regretted' }), anUnsend('m1', minutes(1))]
    const orders = [
      [0, 1, 2],
      [0, 2, 1],
      [2, 0, 1],
    ]
    for (const order of orders) {
      for (const together of [true, false]) {
        const inbox = await seedInbox(orm)
        const deliveries = order.map((index) => deliveryOf(inbox, told().slice(index, index + 1)))
        for (const batch of together ? [deliveries] : deliveries.map((one) => [one])) await core.receiveWebhooks(batch)
        const kept = await inOrganization(orm, inbox.orgId, (tx) =>
          tx.rows<{ body: Buffer }>('select body from raw_events where org_id = $1', [inbox.orgId]),
        )
        t.true(kept.length > 0)
        t.false(
          kept.some(({ body }) => body.includes('regretted')),
          `${order} ${together ? 'together' : 'one by one'}`,
        )
      }
    }
  })
})
