import test from 'ava'
import { instagramCapabilities } from '../../../src/adapters/instagram/capabilities.ts'
import { createInboxQueries } from '../../../src/adapters/persistence/inbox-queries.ts'
import { displayName } from '../../../src/adapters/persistence/queries/customers.ts'
import { inOrganization, type Orm } from '../../../src/adapters/persistence/transaction.ts'
import type { ChannelCapabilities } from '../../../src/core/channel/capabilities.ts'
import type {
  ChannelId,
  CustomerId,
  MemberId,
  MessageId,
  NotificationId,
  OrgId,
  TicketId,
} from '../../../src/core/ids.ts'
import type { InboxQueries, PageRequest } from '../../../src/ports/inbox-queries.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../../support/database.ts'
import {
  ids,
  type SeededOrganization,
  seedChannel,
  seedMember,
  seedOrganization,
  unitOfWorkOn,
} from '../../support/seed.ts'
import { seedMessage, seedNotification, seedThread } from '../../support/seed-inbox.ts'

const NOW = new Date('2026-06-02T12:00:00.000Z')
const FIRST: PageRequest = { limit: 25, after: null }
const HOUR = 3_600_000
const instagram: ChannelCapabilities = {
  surfaces: instagramCapabilities.surfaces,
  replyWindow: {
    dmHours: 24,
    commentHours: 168,
    liveCommentHours: 4,
    humanAgent: { hours: 168, setting: 'humanAgent' },
  },
  privateReplyToComment: true,
}

onEachProfile((profile) => {
  let db: TestDatabase
  let orm: Orm
  let queries: InboxQueries
  let org: SeededOrganization
  let channelId: ChannelId
  let apiChannelId: ChannelId
  let thread: Awaited<ReturnType<typeof seedThread>>
  let comment: Awaited<ReturnType<typeof seedThread>>

  test.before(async () => {
    db = await testDatabase(profile)
    orm = db.orm()
    queries = createInboxQueries({
      orm,
      clock: { now: () => NOW, monotonicMs: () => 0 },
      capabilitiesOf: (type) => (type === 'INSTAGRAM' ? instagram : null),
    })
    org = await seedOrganization(orm)
    channelId = await seedChannel(orm, org.orgId, { name: 'Insta', now: new Date(NOW.getTime() - HOUR) })
    apiChannelId = await seedChannel(orm, org.orgId, {
      type: 'API',
      platform: 'API',
      secrets: { token: 't' },
      now: NOW,
    })
    thread = await seedThread(orm, org.orgId, channelId, {
      externalId: '17841400000001234',
      username: 'jane',
      windowOpenedAt: new Date(NOW.getTime() - HOUR),
      windowReason: 'story reply',
    })
    comment = await seedThread(orm, org.orgId, apiChannelId, {
      externalId: 'ext-5678',
      surface: 'COMMENT',
      kind: 'COMMENT',
      status: 'PENDING',
      platform: 'API',
    })
  })
  test.after.always(() => db.close())

  test(`${profile}: a customer is shown by the best name there is`, async (t) => {
    t.like(await queries.customer(org.orgId, thread.customerId), {
      id: thread.customerId,
      orgId: org.orgId,
      platform: 'INSTAGRAM',
      channelId,
      externalId: '17841400000001234',
      username: 'jane',
      displayName: 'jane',
      pictureUrl: null,
    })
    t.is((await queries.customer(org.orgId, comment.customerId))?.displayName, 'API user …5678')
    const who = { name: null, username: null, platform: 'INSTAGRAM', externalId: '17841400000001234' }
    t.is(displayName(who), 'Instagram user …1234')
    t.is(displayName({ ...who, username: 'jane' }), 'jane')
    t.is(displayName({ ...who, username: 'jane', name: 'Jane Doe' }), 'Jane Doe')
    t.is(displayName({ ...who, username: '', name: '  ' }), 'Instagram user …1234')
  })

  test(`${profile}: customers and tickets are filtered`, async (t) => {
    const customers = async (filter: object) =>
      (await queries.customers(org.orgId, filter, FIRST)).data.map(({ id }) => id)
    t.deepEqual(await customers({ platform: 'API' }), [comment.customerId])
    t.deepEqual(await customers({ channelId }), [thread.customerId])
    t.deepEqual(await customers({ channelId, platform: 'API' }), [])
    const tickets = async (filter: object) =>
      (await queries.tickets(org.orgId, filter, FIRST)).data.map(({ id }) => id).sort()
    t.deepEqual(await tickets({}), [thread.ticketId, comment.ticketId].sort())
    t.deepEqual(await tickets({ kind: ['COMMENT', 'MENTION'] }), [comment.ticketId])
    t.deepEqual(await tickets({ status: ['OPEN', 'RESOLVED'] }), [thread.ticketId])
    t.deepEqual(await tickets({ customerId: thread.customerId, platform: 'INSTAGRAM' }), [thread.ticketId])
    t.deepEqual(await tickets({ status: [] }), [])
  })

  test(`${profile}: a ticket is shown with its window as it is now`, async (t) => {
    const ticket = await queries.ticket(org.orgId, thread.ticketId)
    t.like(ticket, {
      number: 1,
      kind: 'DM',
      status: 'OPEN',
      channelId,
      customerId: thread.customerId,
      assigneeId: null,
      context: null,
      previousTicketId: null,
      version: 1,
    })
    t.deepEqual(ticket?.window, {
      state: 'OPEN',
      closesAt: new Date(NOW.getTime() + 23 * HOUR),
      humanAgentUntil: null,
      reason: 'story reply',
    })
    t.is((await queries.ticket(org.orgId, comment.ticketId))?.window, null, 'a channel without such a rule')
  })

  test(`${profile}: messages come with attachments, context and author`, async (t) => {
    const { orgId } = await seedOrganization(orm)
    const made = await seedThread(orm, orgId, await seedChannel(orm, orgId), { username: 'kim' })
    const agent = await seedMember(orm, orgId, 'Ann Agent')
    const expiresAt = '2026-06-03T12:00:00.000Z'
    await inOrganization(orm, orgId, async (tx) => {
      await seedMessage(tx, made, { direction: 'OUTBOUND', memberId: agent, sentAt: new Date(Date.now() + 1_000) })
      await seedMessage(tx, made, {
        direction: 'OUTBOUND',
        externalId: 'from-the-app',
        sentAt: new Date(Date.now() + 2_000),
      })
      await seedMessage(tx, made, {
        sentAt: new Date(Date.now() + 3_000),
        attachments: [
          { type: 'IMAGE', url: 'https://example.com/1' },
          { type: 'VIDEO', url: 'https://example.com/2' },
        ],
      })
      const context = { type: 'STORY_REPLY', permalink: null, mediaId: 'm', mediaUrl: null, expiresAt, payload: null }
      await tx.affected('update messages set context = $2 where id = $1', [made.messageId, JSON.stringify(context)])
    })
    const page = await queries.messages(orgId, made.ticketId, 'asc', FIRST)
    t.deepEqual(
      page?.data.map(({ author }) => author),
      [
        { type: 'CUSTOMER', id: made.customerId, name: 'kim' },
        { type: 'MEMBER', id: agent, name: 'Ann Agent' },
        { type: 'EXTERNAL', id: null, name: null },
        { type: 'CUSTOMER', id: made.customerId, name: 'kim' },
      ],
    )
    t.deepEqual(page?.data[0]?.context?.expiresAt, new Date(expiresAt))
    t.deepEqual(page?.data[3]?.attachments, [
      { type: 'IMAGE', url: 'https://example.com/1', title: null, platformType: null },
      { type: 'VIDEO', url: 'https://example.com/2', title: null, platformType: null },
    ])
    t.like(page?.data[2], {
      externalId: 'from-the-app',
      status: 'SENT',
      failure: null,
      verified: true,
      deletedAt: null,
    })
    t.deepEqual(await queries.message(orgId, made.ticketId, made.messageId), page?.data[0] ?? null)
    t.is(await queries.message(orgId, ids.next() as TicketId, made.messageId), null, 'of another ticket')
  })

  test(`${profile}: notifications are the member's own, read or unread`, async (t) => {
    const agent = await seedMember(orm, org.orgId)
    const [read, unread] = await inOrganization(orm, org.orgId, async (tx) => {
      const second = await seedMessage(tx, thread)
      return [
        await seedNotification(tx, { ...thread, memberId: agent }, { readAt: NOW }),
        await seedNotification(tx, { ...thread, memberId: agent, messageId: second.id }),
      ]
    })
    const list = async (memberId: MemberId, filter: object) =>
      (await queries.notifications(org.orgId, memberId, filter, FIRST)).data.map(({ id }) => id).sort()
    t.deepEqual(await list(agent, {}), [read, unread].sort())
    t.deepEqual(await list(agent, { unread: true }), [unread])
    t.deepEqual(await list(agent, { unread: false }), [read])
    t.deepEqual(await list(org.memberId, {}), [])
    t.like(await queries.notification(org.orgId, agent, read as NotificationId), {
      id: read,
      read: true,
      type: 'CUSTOMER_REPLIED',
    })
    t.is(await queries.notification(org.orgId, org.memberId, read as NotificationId), null)
  })

  test(`${profile}: channels are shown without secrets, disconnected ones on request only`, async (t) => {
    const gone = await seedChannel(orm, org.orgId, { type: 'OLD' })
    await unitOfWorkOn(orm).run(org.orgId, ({ channels }) => channels.disconnect(gone, new Date()))
    const list = async (filter: object) => (await queries.channels(org.orgId, filter, FIRST)).data.map(({ id }) => id)
    t.deepEqual(await list({}), [apiChannelId, channelId])
    t.deepEqual(await list({ type: 'API' }), [apiChannelId])
    t.deepEqual(await list({ status: 'DISCONNECTED' }), [gone])
    const view = await queries.channel(org.orgId, channelId)
    t.like(view, {
      name: 'Insta',
      status: 'ACTIVE',
      config: { pageId: 'page' },
      secretsSet: ['appSecret', 'verifyToken'],
      version: 1,
    })
    t.deepEqual(view?.health, {
      lastInboundAt: null,
      lastOutboundAt: null,
      lastError: null,
      lastErrorAt: null,
      badSignatures: 0,
      unroutable: 0,
      quarantined: 0,
      unknown: 0,
      pausedUntil: null,
      pauseReason: null,
      lastImport: null,
      tokenExpiresAt: null,
      missingPermissions: null,
      subscribingSince: null,
      gaps: { lastSweepAt: null, checked: 0, found: 0, lastFoundAt: null },
    })
    t.notRegex(JSON.stringify(view), /app-secret|v1\./)
    t.is((await queries.channel(org.orgId, gone))?.status, 'DISCONNECTED')
  })

  test(`${profile}: what belongs to another organization, is unknown or odd, is not there`, async (t) => {
    const other = await seedOrganization(orm)
    const strangers: [OrgId, string][] = [
      [other.orgId, 'theirs'],
      [org.orgId, ids.next()],
      [org.orgId, 'nonsense'],
      ['nonsense' as OrgId, ids.next()],
    ]
    for (const [orgId, id] of strangers) {
      const pick = (real: string) => (id === 'theirs' ? real : id)
      t.is(await queries.customer(orgId, pick(thread.customerId) as CustomerId), null)
      t.is(await queries.ticket(orgId, pick(thread.ticketId) as TicketId), null)
      t.is(await queries.message(orgId, thread.ticketId, pick(thread.messageId) as MessageId), null)
      t.is(await queries.channel(orgId, pick(channelId) as ChannelId), null)
      t.is(await queries.notification(orgId, org.memberId, id as NotificationId), null)
      if (orgId !== 'nonsense')
        t.is(await queries.messages(orgId, pick(thread.ticketId) as TicketId, 'asc', FIRST), null)
    }
    const empty = { data: [], next: null }
    t.deepEqual(await queries.customers(other.orgId, {}, FIRST), empty)
    t.deepEqual(await queries.tickets(other.orgId, {}, FIRST), empty)
    t.deepEqual(await queries.tickets(org.orgId, { channelId: 'nonsense' as ChannelId }, FIRST), empty)
    t.deepEqual(await queries.customers(org.orgId, { channelId: 'nonsense' as ChannelId }, FIRST), empty)
    t.deepEqual(await queries.notifications(org.orgId, 'nonsense' as MemberId, {}, FIRST), empty)
    const odd = { limit: 5, after: { key: 'odd', id: 'odd' } }
    t.deepEqual(await queries.tickets(org.orgId, {}, odd), empty)
    t.deepEqual(await queries.messages(org.orgId, thread.ticketId, 'asc', odd), empty)
    t.deepEqual(await queries.channels(org.orgId, {}, { limit: 5, after: { key: null, id: ids.next() } }), empty)
    await t.notThrowsAsync(queries.customers('nonsense' as OrgId, {}, FIRST))
  })
})
