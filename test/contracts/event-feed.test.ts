import { randomUUID } from 'node:crypto'
import test from 'ava'
import { createEventFeed } from '../../src/adapters/persistence/event-feed.ts'
import type { Orm } from '../../src/adapters/persistence/transaction.ts'
import type { OrgId } from '../../src/core/ids.ts'
import { FakeFeed } from '../fakes/fake-feed.ts'
import { aMemberId } from '../fakes/fake-views.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { numberEvents } from '../support/number-events.ts'
import { seedMember, seedOrganization, unitOfWorkOn } from '../support/seed.ts'
import { eventFeedContract } from './event-feed.contract.ts'

eventFeedContract(test, {
  name: 'in memory',
  async make() {
    const feed = new FakeFeed()
    // Fewer than some pages have: a read may come back with nothing and still not be at the end.
    feed.scan = 3
    const orgId = randomUUID() as OrgId
    return {
      feed,
      orgId,
      members: [aMemberId(), aMemberId()],
      write: async (recipients) => {
        for (const recipient of recipients) feed.append(orgId, recipient)
      },
    }
  },
})

onEachProfile((profile) => {
  let db: TestDatabase
  let orm: Orm
  test.before(async () => {
    db = await testDatabase(profile)
    orm = db.orm()
  })
  test.after.always(() => db.close())

  eventFeedContract(test, {
    name: `PostgreSQL (${profile})`,
    async make() {
      const clock = { now: () => new Date(), monotonicMs: () => 0 }
      const { orgId, memberId, userId } = await seedOrganization(orm)
      return {
        feed: createEventFeed({ orm, clock, capabilitiesOf: () => null }),
        orgId,
        members: [memberId, await seedMember(orm, orgId)],
        async write(recipients) {
          const events = recipients.map((recipient) => ({
            type: 'ticket.updated' as const,
            actor: { type: 'SYSTEM', id: null } as const,
            resource: { type: 'ticket', id: userId as never } as const,
            ticketId: null,
            data: {},
            requestId: null,
            ...(recipient ? { recipientId: recipient } : {}),
          }))
          await unitOfWorkOn(orm).run(orgId, ({ outbox }) => outbox.append(events))
          await numberEvents(orm, orgId)
        },
      }
    },
  })
})
