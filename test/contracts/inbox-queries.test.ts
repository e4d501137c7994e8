import { randomUUID } from 'node:crypto'
import test from 'ava'
import { createInboxQueries } from '../../src/adapters/persistence/inbox-queries.ts'
import { inOrganization, type Orm } from '../../src/adapters/persistence/transaction.ts'
import type { AuditEntryId, OrgId } from '../../src/core/ids.ts'
import { FakeQueries } from '../fakes/fake-queries.ts'
import {
  aChannelView,
  aCustomerView,
  aMemberId,
  aMessageView,
  aNotificationView,
  aRawEventView,
  aTicketView,
} from '../fakes/fake-views.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { seedChannel, seedOrganization } from '../support/seed.ts'
import {
  seedConversation,
  seedCustomer,
  seedMessage,
  seedNotification,
  seedRawEvent,
  seedTicket,
} from '../support/seed-inbox.ts'
import { inboxQueriesContract } from './inbox-queries.contract.ts'

const NOW = new Date('2026-06-01T12:00:00.000Z')

inboxQueriesContract(test, {
  name: 'in memory',
  async make() {
    const queries = new FakeQueries()
    const orgId = randomUUID() as OrgId
    const memberId = aMemberId()
    return {
      queries,
      orgId,
      memberId,
      async channel() {
        const channel = aChannelView(orgId)
        queries.channels_.push(channel)
        return channel.id
      },
      async thread({ at = NOW, ...given }) {
        const customer = aCustomerView(orgId, { channelId: given.channelId, lastSeenAt: at })
        const ticket = aTicketView(orgId, { ...given, customerId: customer.id, lastMessageAt: at })
        const message = aMessageView(orgId, ticket.id, { sentAt: at })
        queries.customers_.push(customer)
        queries.tickets_.push(ticket)
        queries.messages_.push(message)
        return { channelId: given.channelId, customerId: customer.id, ticketId: ticket.id, messageId: message.id }
      },
      async message({ ticketId }, sentAt) {
        const message = aMessageView(orgId, ticketId, { sentAt })
        queries.messages_.push(message)
        return message.id
      },
      async notification({ ticketId, messageId }, { memberId, read, at }) {
        const view = aNotificationView(orgId, { ticketId, messageId, read, createdAt: at })
        queries.notifications_.push({ ...view, memberId })
        return view.id
      },
      async rawEvent({ channelId, at, body, reason = null }) {
        const view = aRawEventView(channelId, {
          status: reason === null ? 'PROCESSED' : 'QUARANTINED',
          reason,
          bytes: Buffer.byteLength(body),
          receivedAt: at,
        })
        queries.rawEvents_.push(view)
        queries.rawBodies_.set(view.id, body === '' ? null : body)
        return view.id
      },
      async auditEntry({ action, at, resourceId }) {
        const id = randomUUID() as AuditEntryId
        const about = { actor: { type: 'MEMBER', id: memberId }, resource: { type: 'ticket', id: resourceId } } as const
        queries.audit_.push({ ...{ orgId, id, action, requestId: 'a-request', occurredAt: at }, ...about })
        return id
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

  inboxQueriesContract(test, {
    name: `PostgreSQL (${profile})`,
    async make() {
      const { orgId, memberId } = await seedOrganization(orm)
      const conversations = new Map<string, Awaited<ReturnType<typeof seedConversation>>>()
      return {
        queries: createInboxQueries({
          orm,
          clock: { now: () => new Date(), monotonicMs: () => 0 },
          capabilitiesOf: () => null,
        }),
        orgId,
        memberId,
        channel: () => seedChannel(orm, orgId),
        thread: ({ channelId, at = NOW, ...given }) =>
          inOrganization(orm, orgId, async (tx) => {
            const customerId = await seedCustomer(tx, channelId, { seenAt: at })
            const conversationId = await seedConversation(tx, channelId, customerId)
            const ticketId = await seedTicket(
              tx,
              { channelId, customerId, conversationId },
              { ...given, lastMessageAt: at },
            )
            conversations.set(ticketId, conversationId)
            const { id: messageId } = await seedMessage(tx, { channelId, conversationId, ticketId }, { sentAt: at })
            return { channelId, customerId, ticketId, messageId }
          }),
        message: ({ channelId, ticketId }, sentAt) =>
          inOrganization(orm, orgId, async (tx) => {
            const conversationId = conversations.get(ticketId)
            if (!conversationId) throw new Error('no such thread')
            return (await seedMessage(tx, { channelId, conversationId, ticketId }, { sentAt })).id
          }),
        notification: ({ ticketId, messageId }, { memberId: to, read, at }) =>
          inOrganization(orm, orgId, (tx) =>
            seedNotification(tx, { memberId: to, ticketId, messageId }, { createdAt: at, readAt: read ? at : null }),
          ),
        rawEvent: ({ channelId, ...seed }) => inOrganization(orm, orgId, (tx) => seedRawEvent(tx, channelId, seed)),
        auditEntry: ({ action, at, resourceId }) =>
          inOrganization(orm, orgId, async (tx) => {
            const id = randomUUID() as AuditEntryId
            await tx.affected(
              `insert into audit_log (id, org_id, actor_type, actor_id, action, resource_type, resource_id, request_id, at)
               values ($1, $2, 'MEMBER', $3, $4, 'ticket', $5, 'a-request', $6)`,
              [id, orgId, memberId, action, resourceId, at],
            )
            return id
          }),
      }
    },
  })
})
