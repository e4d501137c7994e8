import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { inOrganization, type Orm } from '../../../../src/adapters/persistence/transaction.ts'
import { DomainError, NotFound } from '../../../../src/core/errors.ts'
import type { ChannelId, OrgId, TicketId } from '../../../../src/core/ids.ts'
import { changeStatus, type TicketStatus } from '../../../../src/core/ticket/ticket.ts'
import type { UnitOfWork } from '../../../../src/ports/unit-of-work.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../../../support/database.ts'
import { ids, seedChannel, seedOrganization, unitOfWorkOn } from '../../../support/seed.ts'
import { seedMessage, seedThread, seedTicket } from '../../../support/seed-inbox.ts'

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds))

onEachProfile((profile) => {
  let db: TestDatabase
  let orm: Orm
  let uow: UnitOfWork
  let orgId: OrgId
  let channelId: ChannelId
  test.before(async () => {
    db = await testDatabase(profile)
    orm = db.orm()
    uow = unitOfWorkOn(orm)
    orgId = (await seedOrganization(orm)).orgId
    channelId = await seedChannel(orm, orgId)
  })
  test.after.always(() => db.close())

  const set = (id: TicketId, status: TicketStatus, now = new Date()) =>
    uow.run(orgId, async ({ tickets }) => {
      const changed = changeStatus(await tickets.get(id), status, now)
      await tickets.save(changed, now)
      return changed
    })
  const stored = async (id: TicketId) =>
    (
      await inOrganization(orm, orgId, (tx) =>
        tx.rows<Record<string, unknown>>(
          'select status, unread_count, resolved_at, version, updated_at from tickets where id = $1',
          [id],
        ),
      )
    )[0]

  /** From the customer at 1, 3, 3 and 5 seconds, one of them taken back; answered at 3, between the two of that second. */
  const thread = async () => {
    const made = await seedThread(orm, orgId, channelId, { content: 'first' })
    await inOrganization(orm, orgId, async (tx) => {
      await tx.affected('update messages set sent_at = $2 where id = $1', [made.messageId, at(1)])
      await seedMessage(tx, made, { sentAt: at(3), externalId: `${made.ticketId}-a` })
      await seedMessage(tx, made, { sentAt: at(3), externalId: `${made.ticketId}-b`, direction: 'OUTBOUND' })
      await seedMessage(tx, made, { sentAt: at(3), externalId: `${made.ticketId}-c` })
      await seedMessage(tx, made, { sentAt: at(5), externalId: `${made.ticketId}-d` })
      await seedMessage(tx, made, { sentAt: at(6), externalId: `${made.ticketId}-e`, content: null, deletedAt: at(7) })
    })
    return made
  }

  test(`${profile}: resolving empties the unread count, and opening again counts what came after the last answer`, async (t) => {
    const { ticketId } = await thread()
    const before = await uow.run(orgId, ({ tickets }) => tickets.get(ticketId))
    t.like(before, { id: ticketId, status: 'OPEN', resolvedAt: null })
    const resolved = await set(ticketId, 'RESOLVED', at(60))
    t.deepEqual(await stored(ticketId), {
      status: 'RESOLVED',
      unread_count: 0,
      resolved_at: at(60),
      version: resolved.version,
      updated_at: at(60),
    })
    const open = await set(ticketId, 'OPEN', at(90))
    t.deepEqual(await stored(ticketId), {
      status: 'OPEN',
      unread_count: 2,
      resolved_at: null,
      version: open.version,
      updated_at: at(90),
    })
    t.is(open.version, before.version + 2)
  })

  test(`${profile}: a ticket is not opened again beside a newer one of its conversation`, async (t) => {
    const made = await thread()
    await set(made.ticketId, 'RESOLVED')
    const newer = await inOrganization(orm, orgId, (tx) => seedTicket(tx, made))
    const error = await t.throwsAsync(set(made.ticketId, 'OPEN'), { instanceOf: DomainError })
    t.is(error?.code, 'invalid-transition')
    t.is((await stored(made.ticketId))?.['status'], 'RESOLVED')
    await set(newer, 'RESOLVED')
    await t.notThrowsAsync(set(made.ticketId, 'OPEN'))
  })

  test(`${profile}: two who change one ticket come one after the other`, async (t) => {
    const { ticketId } = await thread()
    const order: string[] = []
    const locked = Promise.withResolvers<void>()
    const slow = uow.run(orgId, async ({ tickets }) => {
      const ticket = await tickets.get(ticketId)
      locked.resolve()
      await sleep(150)
      await tickets.save(changeStatus(ticket, 'RESOLVED', at(10)), at(10))
      order.push('slow')
    })
    await locked.promise
    const quick = uow.run(orgId, async ({ tickets }) => {
      const ticket = await tickets.get(ticketId)
      order.push('quick')
      return ticket.status
    })
    await slow
    t.is(await quick, 'RESOLVED', 'reads what the other one wrote')
    t.deepEqual(order, ['slow', 'quick'])
  })

  test(`${profile}: unknown ids, odd ids and another organization's are not found`, async (t) => {
    const other = await seedOrganization(orm)
    const theirs = await seedThread(orm, other.orgId, await seedChannel(orm, other.orgId))
    for (const id of [theirs.ticketId, ids.next(), 'nonsense']) {
      await t.throwsAsync(
        uow.run(orgId, ({ tickets }) => tickets.get(id as TicketId)),
        { instanceOf: NotFound },
      )
    }
  })
})
