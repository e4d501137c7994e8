import test from 'ava'
import { describeError } from '../../src/adapters/logging/pino-logger.ts'
import { inOrganization } from '../../src/adapters/persistence/transaction.ts'
import type { InboundEvent } from '../../src/core/channel/inbound-event.ts'
import type { RawDelivery } from '../../src/ports/webhook-intake.ts'
import { aMessage, anEcho, anUnsend, aThread, minutes } from '../builders/events.ts'
import { type CoreOnDatabase, coreOn, deliveryOf, type Inbox, seedInbox } from '../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { all, inboxState } from '../support/inbox-state.ts'

const WORKERS = 4
const CONVERSATIONS = 10
const MESSAGES = 24
/** How often the platform delivers each event, altogether. */
const TIMES = 3

const people = Array.from({ length: CONVERSATIONS }, (_, index) => `person-${index}`)

/** One person's share: mostly messages, every fourth one an echo, every fifth message taken back. */
const eventsOf = (person: string): InboundEvent[] =>
  Array.from({ length: MESSAGES }, (_, index) => {
    const externalId = `${person}-${index}`
    const about = { externalId, at: minutes(index), text: `text ${externalId}`, thread: aThread(person) }
    const event = index % 4 === 3 ? anEcho(about) : aMessage(about)
    return index % 5 === 0 ? [event, anUnsend(externalId, minutes(index + 1))] : [event]
  }).flat()

function shuffled<T>(items: readonly T[]): T[] {
  const result = [...items]
  for (let index = result.length - 1; index > 0; index--) {
    const other = Math.floor(Math.random() * (index + 1))
    ;[result[index], result[other]] = [result[other] as T, result[index] as T]
  }
  return result
}

/** Batches of one to twelve deliveries, each delivery with one to three events. */
function batchesOf(inbox: Inbox, events: readonly InboundEvent[]): RawDelivery[][] {
  const upTo = (most: number) => 1 + Math.floor(Math.random() * most)
  const take = <T>(items: T[], most: number): T[] => items.splice(0, upTo(most))
  const rest = [...events]
  const deliveries: RawDelivery[] = []
  while (rest.length > 0) deliveries.push(deliveryOf(inbox, take(rest, 3)))
  const batches: RawDelivery[][] = []
  while (deliveries.length > 0) batches.push(take(deliveries, 12))
  return batches
}

onEachProfile((profile) => {
  let db: TestDatabase
  let workers: readonly CoreOnDatabase[]
  test.before(async () => {
    db = await testDatabase(profile)
    workers = Array.from({ length: WORKERS }, () => coreOn(db))
  })
  test.after.always(() => db.close())

  const first = () => workers[0] as CoreOnDatabase
  const errors = () => workers.flatMap(({ log }) => log.of('error'))

  /** All workers at once, each with its own order of its own share of the repeated events. */
  const work = async (inbox: Inbox, told: readonly InboundEvent[]) => {
    const shares = workers.map((_, worker) => told.filter((_, index) => index % WORKERS === worker))
    await Promise.all(
      workers.map(async ({ core }, worker) => {
        for (const batch of batchesOf(inbox, shares[worker] ?? [])) await core.receiveWebhooks(batch)
      }),
    )
  }

  test.serial(
    `B5, B6: ${profile}: ${WORKERS} workers on ${CONVERSATIONS} hot conversations store everything once`,
    async (t) => {
      t.timeout(120_000)
      const { core, queries, orm } = first()
      const events = people.flatMap(eventsOf)
      const inbox = await seedInbox(orm)
      await work(inbox, shuffled(Array.from({ length: TIMES }, () => events).flat()))

      t.deepEqual(errors(), [])
      const tickets = await all((page) => queries.tickets(inbox.orgId, {}, page))
      t.is(tickets.length, CONVERSATIONS)
      t.true(tickets.every(({ status }) => status === 'OPEN'))
      t.deepEqual(
        tickets.map(({ number }) => number).sort((a, b) => a - b),
        people.map((_, index) => index + 1),
      )
      const alone = await seedInbox(orm)
      for (const event of events) await core.receiveWebhooks([deliveryOf(alone, [event])])
      t.deepEqual(await inboxState(queries, inbox.orgId), await inboxState(queries, alone.orgId))

      const channel = await queries.channel(inbox.orgId, inbox.channelId)
      t.is(channel?.health.quarantined, 0)
      const notifications = await all((page) => queries.notifications(inbox.orgId, inbox.memberId, {}, page))
      t.is(new Set(notifications.map(({ messageId }) => messageId)).size, notifications.length)
    },
  )

  // proves: order.at-once
  test.serial(`B6: ${profile}: first contact told to every worker at once opens one ticket`, async (t) => {
    const { queries, orm } = first()
    for (let round = 0; round < 10; round++) {
      const inbox = await seedInbox(orm)
      const hello = aMessage({ externalId: 'hello' })
      // The same words to each, and some of its own besides: whoever is first makes the customer for all.
      const firstOf = (worker: number) => [hello, aMessage({ externalId: `own-${worker}`, at: minutes(worker) })]
      await Promise.all(workers.map(({ core }, worker) => core.receiveWebhooks([deliveryOf(inbox, firstOf(worker))])))
      t.deepEqual(errors(), [])
      const { threads, customers } = await inboxState(queries, inbox.orgId)
      t.is(customers.length, 1)
      t.is(threads.length, 1)
      t.is(threads[0]?.messages.length, 1 + WORKERS)
    }
  })

  test.serial(`${profile}: a message and its unsend in two workers at the same moment leave no content`, async (t) => {
    const { queries, orm } = first()
    const inbox = await seedInbox(orm)
    const pairs = Array.from({ length: 60 }, (_, index) => `pair-${index}`)
    for (const externalId of pairs) {
      const [one, other] = shuffled(workers)
      await Promise.all([
        one?.core.receiveWebhooks([deliveryOf(inbox, [aMessage({ externalId, text: 'regretted' })])]),
        other?.core.receiveWebhooks([deliveryOf(inbox, [anUnsend(externalId, minutes(1))])]),
      ])
    }
    t.deepEqual(errors(), [])
    const { threads } = await inboxState(queries, inbox.orgId)
    const messages = threads.flatMap((thread) => thread.messages)
    t.is(messages.length, pairs.length)
    t.deepEqual(
      messages.filter(({ content, deletedAt }) => content !== null || deletedAt === null),
      [],
    )
  })

  test.serial(
    `B9: ${profile}: a delivery that cannot be stored is quarantined, and its neighbours are stored`,
    async (t) => {
      const { core, queries, orm, log } = coreOn(db, { beside: first() })
      const inbox = await seedInbox(orm)
      const good = Array.from({ length: 8 }, (_, index) =>
        aMessage({ externalId: `good-${index}`, at: minutes(index) }),
      )
      // Nothing the parsers would let through, and nothing PostgreSQL stores.
      const poison = deliveryOf(inbox, [aMessage({ externalId: 'poison', text: 'a NUL: \0' })])
      const batch = good.map((event) => deliveryOf(inbox, [event]))
      batch.splice(5, 0, poison)
      await core.receiveWebhooks(batch)

      const { threads } = await inboxState(queries, inbox.orgId)
      t.deepEqual(
        threads[0]?.messages.map(({ externalId }) => String(externalId)),
        good.map(({ externalId }) => String(externalId)),
      )
      t.is((await queries.channel(inbox.orgId, inbox.channelId))?.health.quarantined, 1)
      const quarantined = await inOrganization(orm, inbox.orgId, (tx) =>
        tx.rows<{ reason: string; raw_event_id: string; status: string; body: Buffer }>(
          'select q.reason, q.raw_event_id, r.status, r.body from quarantine q join raw_events r on r.org_id = q.org_id and r.id = q.raw_event_id',
        ),
      )
      t.is(quarantined.length, 1)
      t.like(quarantined[0], { reason: 'not-storable', raw_event_id: poison.id, status: 'QUARANTINED' })
      t.deepEqual(quarantined[0]?.body, poison.body)
      // One line for whoever has to look, without the customer's words.
      t.is(log.of('error').length, 1)
      const written = log.lines.map(({ fields }) => ({ ...fields, err: describeError(fields['err']) }))
      t.false(JSON.stringify(written).includes('a NUL'))
    },
  )
})
