import test from 'ava'
import { createEventFeed } from '../../../src/adapters/persistence/event-feed.ts'
import { inOrganization, type Orm } from '../../../src/adapters/persistence/transaction.ts'
import type { DomainEvent } from '../../../src/core/event/domain-event.ts'
import type { MemberId, OrgId } from '../../../src/core/ids.ts'
import type { EventFeed } from '../../../src/ports/inbox-queries.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../../support/database.ts'
import { numberEvents } from '../../support/number-events.ts'
import { seedChannel, seedMember, seedOrganization, unitOfWorkOn } from '../../support/seed.ts'
import { seedNotification, seedThread } from '../../support/seed-inbox.ts'

onEachProfile((profile) => {
  let db: TestDatabase
  let orm: Orm
  let feed: EventFeed
  test.before(async () => {
    db = await testDatabase(profile)
    orm = db.orm()
    feed = createEventFeed({ orm, clock: { now: () => new Date(), monotonicMs: () => 0 }, capabilitiesOf: () => null })
  })
  test.after.always(() => db.close())

  const number = (orgId: OrgId) => numberEvents(orm, orgId)

  const stage = async () => {
    const org = await seedOrganization(orm)
    const agent = await seedMember(orm, org.orgId)
    const thread = await seedThread(orm, org.orgId, await seedChannel(orm, org.orgId), {
      username: 'jane',
      content: 'hello',
    })
    const event = (
      type: DomainEvent['type'],
      resource: DomainEvent['resource'],
      recipientId?: MemberId,
    ): DomainEvent => ({
      type,
      actor: { type: 'CUSTOMER', id: thread.customerId },
      resource,
      ticketId: thread.ticketId,
      data: { from: 'OPEN' },
      requestId: 'r-1',
      ...(recipientId ? { recipientId } : {}),
    })
    const append = (events: readonly DomainEvent[]) =>
      unitOfWorkOn(orm).run(org.orgId, ({ outbox }) => outbox.append(events))
    return { ...org, agent, thread, event, append }
  }

  test(`${profile}: an event comes with its resource as it is now`, async (t) => {
    const { orgId, memberId, thread, event, append } = await stage()
    const notificationId = await inOrganization(orm, orgId, (tx) => seedNotification(tx, { ...thread, memberId }))
    await append([
      event('customer.created', { type: 'customer', id: thread.customerId }),
      event('ticket.created', { type: 'ticket', id: thread.ticketId }),
      event('message.created', { type: 'message', id: thread.messageId }),
      event('notification.created', { type: 'notification', id: notificationId }, memberId),
      event('message.deleted', { type: 'message', id: notificationId as never }),
    ])
    t.deepEqual(
      await feed.read(orgId, memberId, 0, 10),
      { events: [], scannedTo: 0, more: false },
      'not before it is numbered',
    )
    await number(orgId)
    const { events, scannedTo, more } = await feed.read(orgId, memberId, 0, 10)
    t.deepEqual([scannedTo, more, await feed.lastSeq(orgId)], [5, false, 5])
    t.deepEqual(
      events.map(({ seq, type }) => [seq, type]),
      [
        [1, 'customer.created'],
        [2, 'ticket.created'],
        [3, 'message.created'],
        [4, 'notification.created'],
        [5, 'message.deleted'],
      ],
    )
    t.like(events[0]?.data, { id: thread.customerId, displayName: 'jane' })
    t.like(events[1]?.data, { id: thread.ticketId, status: 'OPEN' })
    t.like(events[2], {
      actor: { type: 'CUSTOMER', id: thread.customerId },
      changes: { from: 'OPEN' },
      requestId: 'r-1',
      ticketId: thread.ticketId,
      data: { content: 'hello' },
    })
    t.like(events[3]?.data, { id: notificationId, read: false })
    t.is(events[4]?.data, null, 'gone')

    await inOrganization(orm, orgId, (tx) => tx.affected('update messages set content = null, deleted_at = now()'))
    t.like((await feed.read(orgId, memberId, 2, 1)).events[0], { seq: 3, data: { content: null } })
  })

  test(`${profile}: what is for another member is passed over, and not come back to`, async (t) => {
    const { orgId, memberId, agent, thread, event, append } = await stage()
    const ticket = { type: 'ticket', id: thread.ticketId } as const
    await append([
      event('ticket.created', ticket),
      ...Array.from({ length: 8 }, () => event('ticket.status_changed', ticket, agent)),
      event('ticket.reopened', ticket),
      event('ticket.status_changed', ticket, agent),
    ])
    await number(orgId)
    const seqs = async (who: MemberId, after: number, limit: number) => {
      const { events, scannedTo, more } = await feed.read(orgId, who, after, limit)
      return { seqs: events.map(({ seq }) => seq), scannedTo, more }
    }
    t.deepEqual(await seqs(memberId, 0, 1), { seqs: [1], scannedTo: 1, more: true })
    t.deepEqual(await seqs(memberId, 1, 1), { seqs: [10], scannedTo: 11, more: false })
    t.deepEqual(await seqs(memberId, 10, 5), { seqs: [], scannedTo: 11, more: false })
    t.deepEqual(await seqs(memberId, 99, 5), { seqs: [], scannedTo: 99, more: false })
    const all: number[] = []
    for (let after = 0, more = true; more; ) {
      const page = await seqs(agent, after, 3)
      all.push(...page.seqs)
      after = page.scannedTo
      more = page.more
    }
    t.deepEqual(
      all,
      Array.from({ length: 11 }, (_, i) => i + 1),
    )
  })

  test(`${profile}: more others' events than are looked through at a time only take another read`, async (t) => {
    const { orgId, memberId, agent, thread, event, append } = await stage()
    const ticket = { type: 'ticket', id: thread.ticketId } as const
    await append(Array.from({ length: 5_001 }, () => event('ticket.status_changed', ticket, agent)))
    await append([event('ticket.reopened', ticket)])
    await number(orgId)
    t.deepEqual(await feed.read(orgId, memberId, 0, 10), { events: [], scannedTo: 5_000, more: true })
    const { events, scannedTo, more } = await feed.read(orgId, memberId, 5_000, 10)
    t.deepEqual([events.map(({ seq }) => seq), scannedTo, more], [[5_002], 5_002, false])
  })

  test(`${profile}: another organization has its own numbers and its own events`, async (t) => {
    const [one, two] = [await stage(), await stage()]
    for (const { orgId, event, append, thread } of [one, two]) {
      await append([event('ticket.created', { type: 'ticket', id: thread.ticketId })])
      await number(orgId)
    }
    const { events } = await feed.read(two.orgId, two.memberId, 0, 10)
    t.deepEqual(
      events.map(({ seq, resource }) => [seq, resource.id]),
      [[1, two.thread.ticketId]],
    )
    t.deepEqual(await feed.read('nonsense' as OrgId, one.memberId, 3, 10), { events: [], scannedTo: 3, more: false })
    t.is(await feed.lastSeq('nonsense' as OrgId), 0)
  })
})
