import test from 'ava'
import { inOrganization } from '../../src/adapters/persistence/transaction.ts'
import type { TicketId } from '../../src/core/ids.ts'
import type { TicketStatus } from '../../src/core/ticket/ticket.ts'
import { aMessage, anEcho, anEdit, anUnsend, aThread } from '../builders/events.ts'
import { type CoreOnDatabase, coreOn, deliveryOf, type Inbox, seedInbox } from '../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { all } from '../support/inbox-state.ts'
import { seedMember } from '../support/seed.ts'

const HOUR_MS = 3_600_000
const T0 = Date.parse('2026-03-01T12:00:00.000Z')
const hours = (count: number) => new Date(T0 + count * HOUR_MS)

onEachProfile((profile) => {
  let db: TestDatabase
  let on: CoreOnDatabase
  let now = hours(0)
  test.before(async () => {
    db = await testDatabase(profile)
    on = coreOn(db, { clock: { now: () => now, monotonicMs: () => 0 } })
  })
  test.after.always(() => db?.close())

  const tickets = async ({ orgId }: Inbox) =>
    (await all((page) => on.queries.tickets(orgId, {}, page))).toSorted((a, b) => a.number - b.number)
  const statuses = async (inbox: Inbox) => (await tickets(inbox)).map(({ number, status }) => `${number} ${status}`)
  const messagesIn = async ({ orgId }: Inbox, id: TicketId | undefined) =>
    (
      await all(async (page) => {
        const found = await on.queries.messages(orgId, id as TicketId, 'asc', page)
        if (found === null) throw new Error('the ticket is gone')
        return found
      })
    ).map(({ content }) => content)
  const notices = async ({ orgId, memberId }: Pick<Inbox, 'orgId' | 'memberId'>) =>
    (await all((page) => on.queries.notifications(orgId, memberId, {}, page))).map(({ type }) => type).toReversed()
  const eventsOf = ({ orgId }: Inbox, ticketId: TicketId | undefined) =>
    inOrganization(on.orm, orgId, (tx) =>
      tx.rows<{ type: string }>(
        `select type from event_log where org_id = $1 and ticket_id = $2 and type like 'ticket.%' order by id`,
        [orgId, ticketId],
      ),
    ).then((rows) => rows.map(({ type }) => type))
  const wrote = (inbox: Inbox, text: string, at: number) =>
    on.core.receiveWebhooks([deliveryOf(inbox, [aMessage({ externalId: text, text, at: hours(at) })])])
  const set = async (inbox: Inbox, ticketId: TicketId | undefined, status: TicketStatus, at: number) => {
    now = hours(at)
    await on.core.updateTicket(inbox.actor, { ticketId: ticketId as TicketId, status })
  }

  test.serial(
    `${profile}: a message reopens the newest resolved ticket within the window, and opens one after it`,
    async (t) => {
      const inbox = await seedInbox(on.orm)
      await wrote(inbox, 'the first', 0)
      const [first] = await tickets(inbox)
      await set(inbox, first?.id, 'RESOLVED', 1)
      t.deepEqual(await statuses(inbox), ['1 RESOLVED'])
      t.like((await tickets(inbox))[0], { unreadCount: 0 })

      // To the end of the window, which the platform's time decides.
      await wrote(inbox, 'at its end', 1 + 72)
      t.deepEqual(await statuses(inbox), ['1 OPEN'])
      await set(inbox, first?.id, 'RESOLVED', 100)
      await wrote(inbox, 'written before, delivered late', 99)
      t.deepEqual(await statuses(inbox), ['1 OPEN'])
      await set(inbox, first?.id, 'RESOLVED', 100)
      await wrote(inbox, 'too late', 100 + 72 + 1)
      t.deepEqual(await statuses(inbox), ['1 RESOLVED', '2 OPEN'])

      // Of two resolved ones the newest.
      const [, second] = await tickets(inbox)
      await set(inbox, second?.id, 'RESOLVED', 174)
      await wrote(inbox, 'again', 175)
      t.deepEqual(await statuses(inbox), ['1 RESOLVED', '2 OPEN'])
      t.deepEqual(await messagesIn(inbox, first?.id), ['the first', 'at its end', 'written before, delivered late'])
      t.deepEqual(await messagesIn(inbox, second?.id), ['too late', 'again'])
      t.deepEqual(await notices(inbox), [
        'TICKET_NEW_UNASSIGNED',
        'CUSTOMER_REPLIED',
        'CUSTOMER_REPLIED',
        'TICKET_NEW_UNASSIGNED',
        'CUSTOMER_REPLIED',
      ])
      t.deepEqual(
        (await eventsOf(inbox, first?.id)).filter((type) => type !== 'ticket.status_changed'),
        ['ticket.created', 'ticket.reopened', 'ticket.reopened'],
      )
    },
  )

  for (const status of ['PENDING', 'SNOOZED'] as const) {
    test.serial(`${profile}: a message opens a ${status} ticket`, async (t) => {
      const inbox = await seedInbox(on.orm)
      await wrote(inbox, 'hello', 0)
      const [ticket] = await tickets(inbox)
      await set(inbox, ticket?.id, status, 1)
      t.deepEqual(await statuses(inbox), [`1 ${status}`])
      await wrote(inbox, 'anybody there?', 900)
      t.deepEqual(await statuses(inbox), ['1 OPEN'])
      t.deepEqual(await messagesIn(inbox, ticket?.id), ['hello', 'anybody there?'])
      t.deepEqual(await eventsOf(inbox, ticket?.id), [
        'ticket.created',
        'ticket.status_changed',
        'ticket.status_changed',
      ])
      t.deepEqual(await notices(inbox), ['TICKET_NEW_UNASSIGNED', 'CUSTOMER_REPLIED'])
    })
  }

  test.serial(
    `${profile}: what the account writes and what is said of messages reopens nothing and tells nobody`,
    async (t) => {
      const inbox = await seedInbox(on.orm)
      await wrote(inbox, 'hello', 0)
      await wrote(inbox, 'regretted', 0.1)
      const [ticket] = await tickets(inbox)
      await set(inbox, ticket?.id, 'RESOLVED', 1)
      const before = await notices(inbox)
      const at = hours(2)
      const hello = 'hello' as never
      await on.core.receiveWebhooks([
        deliveryOf(inbox, [anEcho({ externalId: 'from the phone', text: 'from the phone', at })]),
        deliveryOf(inbox, [
          anEdit('hello', 'hello!', 1, at),
          anUnsend('regretted', at),
          { type: 'read', externalId: 'from the phone' as never, at },
          { type: 'reaction', externalId: hello, actor: 'ann' as never, reaction: { name: 'love', emoji: '❤' }, at },
        ]),
      ])
      // Long after the window too, it joins the newest there is.
      await on.core.receiveWebhooks([
        deliveryOf(inbox, [anEcho({ externalId: 'much later', text: 'much later', at: hours(500) })]),
      ])
      t.deepEqual(await statuses(inbox), ['1 RESOLVED'])
      t.deepEqual(await messagesIn(inbox, ticket?.id), ['hello!', null, 'from the phone', 'much later'])
      t.like((await tickets(inbox))[0], { unreadCount: 0, lastMessagePreview: 'much later' })
      t.deepEqual(await notices(inbox), before)

      // To somebody we do not know: a ticket that waits, and nobody is told.
      const thread = aThread('stranger')
      await on.core.receiveWebhooks([deliveryOf(inbox, [anEcho({ externalId: 'to a stranger', at, thread })])])
      t.deepEqual(await statuses(inbox), ['1 RESOLVED', '2 PENDING'])
      t.deepEqual(await notices(inbox), before)
    },
  )

  test.serial(`${profile}: every active member is told, and nobody else`, async (t) => {
    const [inbox, other] = [await seedInbox(on.orm), await seedInbox(on.orm)]
    const { orgId } = inbox
    const [colleague, gone] = [await seedMember(on.orm, orgId), await seedMember(on.orm, orgId)]
    await inOrganization(on.orm, orgId, (tx) =>
      tx.affected('update memberships set active = false where org_id = $1 and id = $2', [orgId, gone]),
    )
    await wrote(inbox, 'hello', 0)
    await wrote(inbox, 'and more', 1)
    const told = ['TICKET_NEW_UNASSIGNED', 'CUSTOMER_REPLIED']
    t.deepEqual(await notices(inbox), told)
    t.deepEqual(await notices({ orgId, memberId: colleague }), told)
    t.deepEqual(await notices({ orgId, memberId: gone }), [])
    t.deepEqual(await notices(other), [])
  })
})
