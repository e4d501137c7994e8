import { deepStrictEqual } from 'node:assert/strict'
import test from 'ava'
import * as fc from 'fast-check'
import { inOrganization } from '../../src/adapters/persistence/transaction.ts'
import { aMessage, anUnsend, minutes } from '../builders/events.ts'
import { type CoreOnDatabase, coreOn, deliveryOf, type Inbox, seedInbox } from '../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { inboxState } from '../support/inbox-state.ts'
import { type Schedule, scheduleOf } from '../support/schedules.ts'
import { story } from '../support/stories.ts'

const services = Number(process.env['ANY_ORDER_CASES'] ?? 2_000)
const CASES = { services, embedded: services / 10 }
/** Stories are independent organizations: some at a time keep the servers busy. */
const AT_A_TIME = 4
/** Each order of a story but the first is a case: it is compared with the first. */
const ORDERS = 4

/** Soon after the stories, so that some windows are open and their reasons show. */
const clock = { now: () => minutes(60), monotonicMs: () => performance.now() }

type Dated = Readonly<{ sentAt: Date; externalId: string | null }>

/** Ties by the platform's id. */
const byPlatformTime = (a: Dated, b: Dated): number =>
  a.sentAt.getTime() - b.sentAt.getTime() || (String(a.externalId) < String(b.externalId) ? -1 : 1)

const orders = story.chain((events) => fc.array(scheduleOf(events), { minLength: ORDERS, maxLength: ORDERS }))

onEachProfile((profile) => {
  let db: TestDatabase
  let program: CoreOnDatabase
  test.before(async () => {
    db = await testDatabase(profile)
    program = coreOn(db, { poolSize: 8, clock })
  })
  test.after.always(() => db.close())

  async function play({ workers, batches }: Schedule) {
    const { core, queries, orm, log } = coreOn(db, { beside: program, clock })
    const inbox: Inbox = await seedInbox(orm)
    const waiting = batches.map((batch) => batch.map((events) => deliveryOf(inbox, events)))
    const work = async () => {
      for (let batch = waiting.shift(); batch; batch = waiting.shift()) await core.receiveWebhooks(batch)
    }
    await Promise.all(Array.from({ length: workers }, work))
    if (log.of('error').length > 0) throw new Error(log.text)
    const state = await inboxState(queries, inbox.orgId)
    for (const { messages } of state.threads) deepStrictEqual(messages, messages.toSorted(byPlatformTime))
    return state
  }

  // Turns red when, in src, ties are by arrival (derive-tickets.ts: the last message by `m.id` before `m.external_id`), the unread
  // count is incremented (there: `t.unread_count + …`), or the last edit to arrive wins (message-facts.ts: `isLaterEdit` says true).
  // proves: order.any
  test(`B7, B8: ${profile}: any permutation, repetition and split of the same events ends in the same inbox`, async (t) => {
    t.timeout(1_500_000)
    await fc.assert(
      fc.asyncProperty(fc.array(orders, { minLength: AT_A_TIME, maxLength: AT_A_TIME }), async (stories) => {
        await Promise.all(
          stories.map(async (schedules) => {
            const [first, ...others] = await Promise.all(schedules.map(play))
            for (const other of others) deepStrictEqual(first, other)
          }),
        )
      }),
      {
        numRuns: Math.ceil(CASES[profile] / AT_A_TIME / (ORDERS - 1)),
        interruptAfterTimeLimit: 1_400_000,
        markInterruptAsFailure: true,
        includeErrorInReport: true,
      },
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
