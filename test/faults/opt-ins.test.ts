import { deepStrictEqual } from 'node:assert/strict'
import test from 'ava'
import * as fc from 'fast-check'
import { createEventFeed } from '../../src/adapters/persistence/event-feed.ts'
import type { InboundEvent } from '../../src/core/channel/inbound-event.ts'
import type { ExternalMessageId } from '../../src/core/ids.ts'
import type { EventView } from '../../src/ports/views.ts'
import { aMessage, aThread, minutes } from '../builders/events.ts'
import { type CoreOnDatabase, coreOn, deliveryOf, type Inbox, seedInbox } from '../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { all } from '../support/inbox-state.ts'
import { numberEvents } from '../support/number-events.ts'
import { scheduleOf } from '../support/schedules.ts'

const RUNS = 25

const optIn = (person: string, minute: number, agrees = true): InboundEvent => ({
  type: 'optin',
  thread: aThread(person),
  externalId: `o-${person}-${minute}-${agrees}` as ExternalMessageId,
  agrees,
  payload: 'weekly',
  at: minutes(minute),
})

/** What two people do: each opt-in is another one, and Ann writes as well. */
const EVENTS = [
  aMessage(),
  optIn('ann', 1),
  optIn('ann', 2, false),
  optIn('ann', 3),
  optIn('bob', 1),
  optIn('bob', 2),
] as const

const TOLD = ['ann opted_in 1', 'ann opted_in 3', 'ann opted_out 2', 'bob opted_in 1', 'bob opted_in 2']

onEachProfile((profile) => {
  let db: TestDatabase
  let on: CoreOnDatabase
  test.before(async () => {
    db = await testDatabase(profile)
    on = coreOn(db, { poolSize: 8 })
  })
  test.after.always(() => db.close())

  async function eventsOf({ orgId, memberId }: Inbox): Promise<readonly EventView[]> {
    await numberEvents(on.orm, orgId)
    const { orm } = on
    const clock = { now: () => minutes(60), monotonicMs: () => 0 }
    const feed = createEventFeed({ orm, clock, capabilitiesOf: () => null })
    const { events, more } = await feed.read(orgId, memberId, 0, 100)
    if (more) throw new Error('there are more')
    return events
  }

  async function told(inbox: Inbox): Promise<readonly string[]> {
    const customers = await all((page) => on.queries.customers(inbox.orgId, {}, page))
    const people = new Map<string, string>(customers.map(({ id, externalId }) => [id, externalId]))
    return (await eventsOf(inbox))
      .filter(({ type }) => type.startsWith('customer.opted'))
      .map(({ type, actor, changes }) => {
        const minute = (new Date(String(changes['at'])).getTime() - minutes(0).getTime()) / 60_000
        return `${people.get(actor.id ?? '')} ${type.slice('customer.'.length)} ${minute}`
      })
      .toSorted()
  }

  // proves: thread.optin-once
  test(`${profile}: in any order, repeated, split and by several workers, each opt-in is told once`, async (t) => {
    t.timeout(600_000)
    await fc.assert(
      fc.asyncProperty(scheduleOf(EVENTS), async ({ workers, batches }) => {
        const inbox = await seedInbox(on.orm)
        const waiting = batches.map((batch) => batch.map((events) => deliveryOf(inbox, events)))
        const work = async () => {
          for (let batch = waiting.shift(); batch; batch = waiting.shift()) await on.core.receiveWebhooks(batch)
        }
        await Promise.all(Array.from({ length: workers }, work))
        deepStrictEqual(on.log.of('error'), [])
        deepStrictEqual(await told(inbox), TOLD)
        const tickets = await all((page) => on.queries.tickets(inbox.orgId, {}, page))
        const notes = await all((page) => on.queries.notifications(inbox.orgId, inbox.memberId, {}, page))
        // Ann's message made them.
        deepStrictEqual([tickets.length, notes.length], [1, 1])
        const customers = await all((page) => on.queries.customers(inbox.orgId, {}, page))
        deepStrictEqual(
          customers.map(({ externalId, lastSeenAt }) => [externalId, lastSeenAt.getTime()]),
          [
            ['ann', minutes(3).getTime()],
            ['bob', minutes(2).getTime()],
          ],
        )
      }),
      { numRuns: RUNS },
    )
    t.pass()
  })

  test(`${profile}: the same opt-in is told in each organization that it came to`, async (t) => {
    const [one, other] = [await seedInbox(on.orm), await seedInbox(on.orm)]
    for (const inbox of [one, other, one]) await on.core.receiveWebhooks([deliveryOf(inbox, [optIn('ann', 1)])])
    t.deepEqual([await told(one), await told(other)], [['ann opted_in 1'], ['ann opted_in 1']])
  })
})
