import test from 'ava'
import { instagramParser } from '../../../src/adapters/instagram/inbound-parser.ts'
import { inOrganization } from '../../../src/adapters/persistence/transaction.ts'
import type { RawEventId } from '../../../src/core/ids.ts'
import type { RawDelivery } from '../../../src/ports/webhook-intake.ts'
import { aMessage, minutes } from '../../builders/events.ts'
import { type CoreOnDatabase, coreOn, deliveryOf, type Inbox, seedInbox } from '../../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../../support/database.ts'
import { inboxState } from '../../support/inbox-state.ts'
import { ids } from '../../support/seed.ts'

const AT = 1_789_000_000_000

const item = (account: string, index: number, message: unknown) => ({
  sender: { id: '2100000000000345' },
  recipient: { id: account },
  timestamp: AT + index,
  message,
})
const bodyOf = (account: string, messaging: readonly unknown[]): string =>
  JSON.stringify({ object: 'instagram', entry: [{ id: account, time: AT, messaging }] })

/** What PostgreSQL takes in no text, or nobody can read; `shown` is what the inbox has of it, null where it is put aside. */
const POISONS: readonly Readonly<{
  what: string
  message: unknown
  shown: string | null
  spoil?: (body: string) => string
}>[] = [
  { what: 'a NUL', message: { mid: 'p-nul', text: 'a\u0000b' }, shown: 'a\uFFFDb' },
  { what: 'half of a pair', message: { mid: 'p-half', text: 'a\ud83d' }, shown: 'a\uFFFD' },
  { what: 'a megabyte', message: { mid: 'p-long', text: 'x'.repeat(1_000_000) }, shown: 'x'.repeat(1_000_000) },
  { what: 'a kind of the future', message: { mid: 'p-new', hologram: { nul: '\u0000' } }, shown: '' },
  {
    what: 'five thousand lists in one another',
    message: { mid: 'p-deep', text: 'deep', deep: 'HERE' },
    shown: null,
    spoil: (body) => body.replace('"HERE"', `${'['.repeat(5_000)}${']'.repeat(5_000)}`),
  },
  { what: 'no JSON', message: { mid: 'p-cut', text: 'cut' }, shown: null, spoil: (body) => body.slice(0, -3) },
]

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())

  const rows = <T>({ orm }: CoreOnDatabase, { orgId }: Inbox, text: string) =>
    inOrganization(orm, orgId, (tx) => tx.rows<T>(text))

  test.serial(
    `B9: ${profile}: of poisons in one batch each is made storable or put aside with its reason and bytes, and their neighbours are stored`,
    async (t) => {
      const on = coreOn(db, { parser: instagramParser })
      const inbox = await seedInbox(on.orm)
      const neighbour = (index: number) => item(inbox.account, index, { mid: `good-${index}`, text: `good ${index}` })
      const batch = POISONS.flatMap(({ message, spoil = (body) => body }, index): RawDelivery[] => {
        const at = 2 * index
        // In the same body, and in one of its own.
        const bodies = [
          spoil(bodyOf(inbox.account, [item(inbox.account, at, message), neighbour(at)])),
          bodyOf(inbox.account, [neighbour(at + 1)]),
        ]
        return bodies.map((body) => ({
          ...deliveryOf(inbox, []),
          id: ids.next() as RawEventId,
          body: Buffer.from(body),
        }))
      })
      await on.core.receiveWebhooks(batch)

      const { threads } = await inboxState(on.queries, inbox.orgId)
      const stored = new Map(threads.flatMap(({ messages }) => messages).map((one) => [one.externalId, one.content]))
      const aside = POISONS.flatMap(({ shown }, index) => (shown === null ? [batch[2 * index] as RawDelivery] : []))
      for (const [index, { what, message, shown }] of POISONS.entries()) {
        const { mid } = message as { mid: string }
        t.is(stored.get(mid as never) ?? '', shown ?? '', what)
        t.is(stored.has(mid as never), shown !== null, what)
        t.is(stored.has(`good-${2 * index}` as never), shown !== null, what)
        t.is(stored.get(`good-${2 * index + 1}` as never), `good ${2 * index + 1}`, what)
      }
      const kept = await rows<{ id: string; reason: string; body: Buffer }>(
        on,
        inbox,
        `select r.id, q.reason, r.body from quarantine q join raw_events r on r.org_id = q.org_id and r.id = q.raw_event_id`,
      )
      t.deepEqual(
        kept.map(({ id, reason }) => [id, reason]).toSorted(),
        aside.map(({ id }) => [id, 'unreadable']).toSorted(),
      )
      for (const { id, body } of kept) t.deepEqual(body, Buffer.from(aside.find((one) => one.id === id)?.body ?? ''))
    },
  )

  test.serial(
    `B16: ${profile}: what still comes for a channel that was disconnected makes nothing, and is put aside with that reason`,
    async (t) => {
      // As in a process, which has looked the channel up a moment ago.
      const on = coreOn(db, { keepsChannels: true })
      const inbox = await seedInbox(on.orm)
      const told = (index: number) => deliveryOf(inbox, [aMessage({ externalId: `m${index}`, at: minutes(index) })])
      await on.core.receiveWebhooks([told(0)])
      await on.core.disconnectChannel(inbox.actor, inbox.channelId)
      const counts = () =>
        rows(
          on,
          inbox,
          `select (select count(*)::int from customers) as customers, (select count(*)::int from tickets) as tickets,
             (select count(*)::int from messages) as messages, (select count(*)::int from notifications) as notifications,
             (select count(*)::int from event_log) as events`,
        )
      const before = await counts()
      const stranger = { ...aMessage({ externalId: 's' }), thread: { ...aMessage().thread, key: 'zoe' } }
      const late = [told(1), deliveryOf(inbox, [stranger])]
      await on.core.receiveWebhooks(late)
      // Another process has not looked it up yet.
      const elsewhere = [told(2)]
      await coreOn(db, { beside: on }).core.receiveWebhooks(elsewhere)
      t.deepEqual(await counts(), before)
      const aside = await rows<{ raw_event_id: string; reason: string }>(
        on,
        inbox,
        'select raw_event_id, reason from quarantine',
      )
      t.deepEqual(
        aside.map((one) => [one.raw_event_id, one.reason]).toSorted(),
        [...late, ...elsewhere].map(({ id }) => [id, 'channel-gone']).toSorted(),
      )
      t.is((await on.queries.channel(inbox.orgId, inbox.channelId))?.health.quarantined, 3)
      t.deepEqual(on.log.of('error'), [])
    },
  )
})
