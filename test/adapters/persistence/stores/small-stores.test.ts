import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { inOrganization, type Orm } from '../../../../src/adapters/persistence/transaction.ts'
import { NotFound } from '../../../../src/core/errors.ts'
import type { DomainEvent } from '../../../../src/core/event/domain-event.ts'
import type { CustomerId, NotificationId, TicketId } from '../../../../src/core/ids.ts'
import type { UnitOfWork } from '../../../../src/ports/unit-of-work.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../../../support/database.ts'
import {
  ids,
  type SeededOrganization,
  seedChannel,
  seedMember,
  seedOrganization,
  unitOfWorkOn,
} from '../../../support/seed.ts'
import { seedNotification, seedThread } from '../../../support/seed-inbox.ts'

onEachProfile((profile) => {
  let db: TestDatabase
  let orm: Orm
  let uow: UnitOfWork
  let org: SeededOrganization
  let thread: Awaited<ReturnType<typeof seedThread>>
  test.before(async () => {
    db = await testDatabase(profile)
    orm = db.orm()
    uow = unitOfWorkOn(orm)
    org = await seedOrganization(orm)
    thread = await seedThread(orm, org.orgId, await seedChannel(orm, org.orgId))
  })
  test.after.always(() => db.close())

  const rows = <T>(text: string, params: unknown[] = []) =>
    inOrganization(orm, org.orgId, (tx) => tx.rows<T>(text, params))

  test(`${profile}: a profile is kept, and only what is shown counts as a change`, async (t) => {
    const save = (profile: { username: string | null; name: string | null; pictureUrl: string | null }) =>
      uow.run(org.orgId, ({ customers }) => customers.saveProfile(thread.customerId, profile, new Date()))
    t.true(await save({ username: 'jane', name: 'Jane', pictureUrl: null }))
    t.false(await save({ username: 'jane', name: 'Jane', pictureUrl: null }))
    t.false(await save({ username: null, name: null, pictureUrl: null }), 'what is not told stays')
    t.true(await save({ username: 'jane', name: 'Jane Doe', pictureUrl: 'https://example.com/p' }))
    const found = await rows(
      'select username, name, picture_url, profile_at is not null as looked from customer_identities',
    )
    t.deepEqual(found, [{ username: 'jane', name: 'Jane Doe', picture_url: 'https://example.com/p', looked: true }])
    await t.throwsAsync(
      uow.run(org.orgId, ({ customers }) =>
        customers.saveProfile(ids.next() as CustomerId, { username: null, name: null, pictureUrl: null }, new Date()),
      ),
      { instanceOf: NotFound },
    )
  })

  test(`${profile}: a member marks their own notifications, and no one else's`, async (t) => {
    const other = await seedMember(orm, org.orgId)
    const id = await inOrganization(orm, org.orgId, (tx) => seedNotification(tx, { ...thread, memberId: org.memberId }))
    const set = (memberId: typeof other, of: string, read: boolean, now: Date) =>
      uow.run(org.orgId, ({ notifications }) => notifications.setRead(memberId, of as NotificationId, read, now))
    const first = new Date('2026-05-01T00:00:00Z')
    await set(org.memberId, id, true, first)
    await set(org.memberId, id, true, new Date())
    t.deepEqual(await rows('select read_at from notifications where id = $1', [id]), [{ read_at: first }])
    await set(org.memberId, id, false, new Date())
    t.deepEqual(await rows('select read_at from notifications where id = $1', [id]), [{ read_at: null }])
    for (const [who, what] of [
      [other, id],
      [org.memberId, ids.next()],
      [org.memberId, 'nonsense'],
    ] as const) {
      await t.throwsAsync(set(who, what, true, new Date()), { instanceOf: NotFound })
    }
  })

  test(`${profile}: an idempotency key is claimed once; whoever comes meanwhile waits and gets what was made`, async (t) => {
    const key = { memberId: org.memberId, route: 'send', key: 'k-1' }
    const claimed = Promise.withResolvers<void>()
    const first = uow.run(org.orgId, async ({ idempotency }) => {
      const claim = await idempotency.claim(key, 'print')
      claimed.resolve()
      await sleep(150)
      await idempotency.complete(key, 201, { messageId: 'm' })
      return claim
    })
    await claimed.promise
    const second = uow.run(org.orgId, ({ idempotency }) => idempotency.claim(key, 'another print'))
    t.deepEqual(await first, { state: 'fresh' })
    t.deepEqual(await second, { state: 'known', fingerprint: 'print', body: { messageId: 'm' } })
  })

  test(`${profile}: a claim that came to nothing is free again, as is one of yesterday`, async (t) => {
    const key = { memberId: org.memberId, route: 'send', key: 'k-2' }
    await t.throwsAsync(
      uow.run(org.orgId, async ({ idempotency }) => {
        await idempotency.claim(key, 'print')
        throw new Error('no')
      }),
    )
    const claim = () => uow.run(org.orgId, ({ idempotency }) => idempotency.claim(key, 'print'))
    t.is((await claim()).state, 'fresh')
    t.is((await claim()).state, 'known')
    await inOrganization(orm, org.orgId, (tx) =>
      tx.affected(`update idempotency_keys set created_at = now() - interval '25 hours' where key = 'k-2'`),
    )
    t.is((await claim()).state, 'fresh')
    for (const elsewhere of [
      { ...key, route: 'other' },
      { ...key, memberId: await seedMember(orm, org.orgId) },
    ]) {
      t.is((await uow.run(org.orgId, ({ idempotency }) => idempotency.claim(elsewhere, 'print'))).state, 'fresh')
    }
  })

  test(`${profile}: events are appended in their order, with ids and facts only`, async (t) => {
    const event = (n: number): DomainEvent => ({
      type: 'ticket.status_changed',
      actor: { type: 'MEMBER', id: org.memberId },
      resource: { type: 'ticket', id: thread.ticketId as TicketId },
      ticketId: thread.ticketId,
      data: { n, from: 'OPEN', to: null, odd: `it's "quoted"` },
      requestId: `request-${n}`,
    })
    await uow.run(org.orgId, async ({ outbox }) => {
      await outbox.append([])
      await outbox.append(Array.from({ length: 50 }, (_, n) => event(n)))
      await outbox.append([{ ...event(50), recipientId: org.memberId }])
    })
    const found = await rows<{ data: { n: number }; request_id: string; seq: null; recipient_id: string | null }>(
      'select data, request_id, seq, recipient_id from event_log order by id',
    )
    t.deepEqual(
      found.map(({ data }) => data.n),
      Array.from({ length: 51 }, (_, n) => n),
    )
    t.like(found[3], {
      data: { n: 3, from: 'OPEN', to: null, odd: `it's "quoted"` },
      request_id: 'request-3',
      seq: null,
      recipient_id: null,
    })
    t.is(found[50]?.recipient_id, org.memberId)
  })

  test(`${profile}: the audit log keeps who did what`, async (t) => {
    const entry = {
      actorType: 'MEMBER',
      actorId: org.memberId,
      action: 'ticket.set-resolved',
      resourceType: 'ticket',
      resourceId: thread.ticketId,
      requestId: 'r',
    } as const
    await uow.run(org.orgId, ({ audit }) => audit.record(entry))
    t.deepEqual(
      await rows(
        `select actor_type, actor_id, action, resource_type, resource_id, request_id from audit_log where action = 'ticket.set-resolved'`,
      ),
      [
        {
          actor_type: 'MEMBER',
          actor_id: org.memberId,
          action: 'ticket.set-resolved',
          resource_type: 'ticket',
          resource_id: thread.ticketId,
          request_id: 'r',
        },
      ],
    )
  })
})
