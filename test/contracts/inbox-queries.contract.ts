import { randomUUID } from 'node:crypto'
import type { TestFn } from 'ava'
import type {
  AuditEntryId,
  ChannelId,
  CustomerId,
  MemberId,
  MessageId,
  NotificationId,
  OrgId,
  RawEventId,
  TicketId,
} from '../../src/core/ids.ts'
import type { TicketKind, TicketStatus } from '../../src/core/ticket/ticket.ts'
import type { InboxQueries, PageOf, PageRequest } from '../../src/ports/inbox-queries.ts'

export type Thread = Readonly<{
  channelId: ChannelId
  customerId: CustomerId
  ticketId: TicketId
  messageId: MessageId
}>

/** An organization with one member, and ways to fill it. */
export type InboxUnderTest = Readonly<{
  queries: InboxQueries
  orgId: OrgId
  memberId: MemberId
  channel(): Promise<ChannelId>
  /** Customer, ticket and one message, all at that time. */
  thread(of: {
    channelId: ChannelId
    platform?: string
    kind?: TicketKind
    status?: TicketStatus
    at?: Date
  }): Promise<Thread>
  message(of: Thread, sentAt: Date): Promise<MessageId>
  notification(of: Thread, to: { memberId: MemberId; read: boolean; at: Date }): Promise<NotificationId>
  /** A kept body, put aside where it has a reason. An empty one is one of which all was taken out. */
  rawEvent(of: Readonly<{ channelId: ChannelId; at: Date; body: string; reason?: string }>): Promise<RawEventId>
  /** What the member did to a ticket. */
  auditEntry(of: Readonly<{ action: string; at: Date; resourceId: string }>): Promise<AuditEntryId>
}>

export type InboxQueriesKit = Readonly<{ name: string; make(): Promise<InboxUnderTest> }>

const at = (minute: number): Date => new Date(Date.UTC(2026, 5, 1, 12, minute))
const FIRST: PageRequest = { limit: 100, after: null }
/** Times that coincide, in no order. */
const MINUTES = [3, 1, 3, 2, 0, 3, 1]

/** The whole list in pages of this size: every page but the last is full, and says where to go on. */
async function walk<T extends Readonly<{ id: string }>>(
  read: (page: PageRequest) => Promise<PageOf<T> | null>,
  limit: number,
): Promise<readonly T[]> {
  const all: T[] = []
  for (let after: PageRequest['after'] = null; ; ) {
    const page: PageOf<T> | null = await read({ limit, after })
    if (page === null) throw new Error('the list is gone')
    all.push(...page.data)
    if (page.next === null) return all
    if (page.data.length !== limit) throw new Error(`a page of ${page.data.length} says that there is more`)
    after = page.next
  }
}

const idsOf = (rows: readonly Readonly<{ id: string }>[]): readonly string[] => rows.map(({ id }) => id).sort()
const descends = (times: readonly Date[]): boolean =>
  times.every((time, index) => index === 0 || time.getTime() <= (times[index - 1]?.getTime() ?? 0))

/** What everything that screens read from keeps. */
export function inboxQueriesContract(test: TestFn, { name, make }: InboxQueriesKit): void {
  test(`${name}: an organization sees its own, and another's looks like what is not there`, async (t) => {
    const [one, other] = [await make(), await make()]
    const mine = await one.thread({ channelId: await one.channel() })
    const theirs = await other.thread({ channelId: await other.channel() })
    const note = await one.notification(mine, { memberId: one.memberId, read: false, at: at(1) })
    const seenBy = async ({ queries, orgId }: InboxUnderTest, it: Thread) => [
      (await queries.channel(orgId, it.channelId))?.id,
      (await queries.customer(orgId, it.customerId))?.id,
      (await queries.ticket(orgId, it.ticketId))?.id,
      (await queries.message(orgId, it.ticketId, it.messageId))?.id,
      (await queries.messages(orgId, it.ticketId, 'asc', FIRST))?.data.map(({ id }) => id),
    ]
    const { channelId, customerId, ticketId, messageId } = mine
    t.deepEqual(await seenBy(one, mine), [channelId, customerId, ticketId, messageId, [messageId]])
    const nothing = [undefined, undefined, undefined, undefined, undefined]
    t.deepEqual(await seenBy(one, theirs), nothing)
    const nobodys = { ...mine, ...Object.fromEntries(Object.keys(mine).map((key) => [key, randomUUID()])) } as Thread
    t.deepEqual(await seenBy(one, nobodys), nothing)
    const { queries, orgId, memberId } = one
    t.is(await queries.message(orgId, nobodys.ticketId, messageId), null, 'a message belongs to its ticket')
    t.is((await queries.notification(orgId, memberId, note))?.id, note)
    t.is(await queries.notification(other.orgId, other.memberId, note), null)
    t.is(await queries.rawEvents(orgId, theirs.channelId, {}, FIRST), null)
    for (const list of [
      await queries.customers(orgId, {}, FIRST),
      await queries.tickets(orgId, {}, FIRST),
      await queries.channels(orgId, {}, FIRST),
    ]) {
      t.is(list.data.length, 1)
      t.is(list.next, null)
    }
  })

  test(`${name}: customers and tickets come newest first, in pages that lose and repeat nothing`, async (t) => {
    const inbox = await make()
    const { queries, orgId } = inbox
    const channelId = await inbox.channel()
    const made: Thread[] = []
    for (const minute of MINUTES) made.push(await inbox.thread({ channelId, at: at(minute) }))
    for (const limit of [1, 2, 3, 7, 8]) {
      const customers = await walk((page) => queries.customers(orgId, {}, page), limit)
      t.deepEqual(idsOf(customers), made.map((one) => one.customerId).sort())
      t.true(descends(customers.map(({ lastSeenAt }) => lastSeenAt)))
      const tickets = await walk((page) => queries.tickets(orgId, {}, page), limit)
      t.deepEqual(idsOf(tickets), made.map((one) => one.ticketId).sort())
      t.true(descends(tickets.map(({ lastMessageAt }) => lastMessageAt)))
    }
  })

  test(`${name}: messages come by their time, in either order`, async (t) => {
    const inbox = await make()
    const { queries, orgId } = inbox
    const thread = await inbox.thread({ channelId: await inbox.channel(), at: at(0) })
    const made = [thread.messageId]
    for (const minute of MINUTES.slice(0, 4)) made.push(await inbox.message(thread, at(minute)))
    for (const limit of [1, 2, 5, 6]) {
      const up = await walk((page) => queries.messages(orgId, thread.ticketId, 'asc', page), limit)
      const down = await walk((page) => queries.messages(orgId, thread.ticketId, 'desc', page), limit)
      t.deepEqual(idsOf(up), [...made].sort())
      t.true(descends(down.map(({ sentAt }) => sentAt)))
      t.deepEqual(up, [...down].reverse())
    }
  })

  test(`${name}: customers and tickets are filtered, and filters add up`, async (t) => {
    const inbox = await make()
    const { queries, orgId } = inbox
    const [insta, form] = [await inbox.channel(), await inbox.channel()]
    const a = await inbox.thread({ channelId: insta, status: 'OPEN' })
    const b = await inbox.thread({ channelId: insta, kind: 'COMMENT', status: 'PENDING' })
    const c = await inbox.thread({ channelId: form, status: 'RESOLVED' })
    const tickets = async (filter: Parameters<InboxQueries['tickets']>[1]) =>
      idsOf((await queries.tickets(orgId, filter, FIRST)).data)
    const some = (...threads: Thread[]) => threads.map(({ ticketId }) => ticketId).sort()
    t.deepEqual(await tickets({}), some(a, b, c))
    t.deepEqual(await tickets({ channelId: insta }), some(a, b))
    t.deepEqual(await tickets({ customerId: c.customerId }), some(c))
    t.deepEqual(await tickets({ kind: ['COMMENT', 'MENTION'] }), some(b))
    t.deepEqual(await tickets({ status: ['OPEN', 'RESOLVED'] }), some(a, c))
    t.deepEqual(await tickets({ channelId: insta, status: ['RESOLVED'] }), [])
    t.deepEqual(await tickets({ platform: 'NOWHERE' }), [])
    const customers = async (filter: Parameters<InboxQueries['customers']>[1]) =>
      idsOf((await queries.customers(orgId, filter, FIRST)).data)
    t.deepEqual(await customers({ channelId: form }), [c.customerId])
    t.deepEqual(await customers({ platform: 'NOWHERE' }), [])
  })

  test(`${name}: raw events are their channel's, newest first, in pages that lose and repeat nothing`, async (t) => {
    const inbox = await make()
    const { queries, orgId } = inbox
    const [channelId, other] = [await inbox.channel(), await inbox.channel()]
    const made: RawEventId[] = []
    for (const minute of MINUTES) made.push(await inbox.rawEvent({ channelId, at: at(minute), body: '{}' }))
    await inbox.rawEvent({ channelId: other, at: at(2), body: '{}' })
    for (const limit of [1, 2, 3, 7, 8]) {
      const rawEvents = await walk((page) => queries.rawEvents(orgId, channelId, {}, page), limit)
      t.deepEqual(idsOf(rawEvents), [...made].sort())
      t.true(descends(rawEvents.map(({ receivedAt }) => receivedAt)))
    }
    const list = async (filter: Parameters<InboxQueries['rawEvents']>[2]) =>
      (await queries.rawEvents(orgId, channelId, filter, FIRST))?.data.map(({ receivedAt }) =>
        receivedAt.getUTCMinutes(),
      )
    t.deepEqual(await list({ receivedAfter: at(2) }), [3, 3, 3, 2])
    t.deepEqual(await list({ receivedBefore: at(2) }), [1, 1, 0])
    t.deepEqual(await list({ receivedAfter: at(1), receivedBefore: at(3) }), [2, 1, 1])
    t.deepEqual(await list({ receivedAfter: at(4) }), [])
    t.deepEqual(await list({ status: 'QUARANTINED' }), [])
  })

  test(`${name}: what was done comes newest first, in pages that lose and repeat nothing, by each filter, and is one's own`, async (t) => {
    const [inbox, stranger] = [await make(), await make()]
    const { queries, orgId, memberId } = inbox
    const [one, other] = [randomUUID(), randomUUID()]
    const made: AuditEntryId[] = []
    for (const minute of MINUTES)
      made.push(await inbox.auditEntry({ action: 'ticket.opened', at: at(minute), resourceId: one }))
    await inbox.auditEntry({ action: 'ticket.closed', at: at(2), resourceId: other })
    await stranger.auditEntry({ action: 'ticket.opened', at: at(2), resourceId: one })
    type Filter = Parameters<InboxQueries['auditEntries']>[1]
    const filter = { action: 'ticket.opened' }
    for (const limit of [1, 2, 3, 7, 8]) {
      const entries = await walk((page) => queries.auditEntries(orgId, filter, page), limit)
      t.deepEqual(idsOf(entries), [...made].sort())
      t.true(descends(entries.map(({ occurredAt }) => occurredAt)))
    }
    const list = async (given: Filter) =>
      (await queries.auditEntries(orgId, { resourceType: 'ticket', ...given }, FIRST)).data.map(
        ({ action, occurredAt }) => `${action.slice(7)} ${occurredAt.getUTCMinutes()}`,
      )
    t.deepEqual(await list({ resourceId: other }), ['closed 2'])
    t.is((await list({ actorId: memberId })).length, 8)
    t.deepEqual(await list({ occurredAfter: at(3) }), ['opened 3', 'opened 3', 'opened 3'])
    t.deepEqual(await list({ occurredBefore: at(1) }), ['opened 0'])
    t.is((await list({ occurredAfter: at(2), occurredBefore: at(3) })).length, 2)
    for (const nothing of [
      { actorId: randomUUID() },
      { actorId: 'nonsense' },
      { resourceId: 'nonsense' },
      { action: 'x' },
    ])
      t.deepEqual(await list(nothing), [])
    const [entry] = (await queries.auditEntries(orgId, { resourceId: other }, FIRST)).data
    t.like(entry, {
      actor: { type: 'MEMBER', id: memberId },
      resource: { type: 'ticket', id: other },
      requestId: 'a-request',
    })
  })

  test(`${name}: a raw event says why it is put aside and what came, and only to its own channel`, async (t) => {
    const [inbox, stranger] = [await make(), await make()]
    const { queries, orgId } = inbox
    const [channelId, other] = [await inbox.channel(), await inbox.channel()]
    const stored = await inbox.rawEvent({ channelId, at: at(1), body: '{"text":"æ"}' })
    const odd = await inbox.rawEvent({ channelId, at: at(2), body: 'odd', reason: 'unreadable' })
    const empty = await inbox.rawEvent({ channelId, at: at(3), body: '' })
    const look = async (id: RawEventId) => {
      const view = await queries.rawEvent(orgId, channelId, id)
      return [view?.status, view?.reason, view?.bytes, await queries.rawEventBody(orgId, channelId, id)]
    }
    t.deepEqual(await look(stored), ['PROCESSED', null, 13, '{"text":"æ"}'])
    t.deepEqual(await look(odd), ['QUARANTINED', 'unreadable', 3, 'odd'])
    t.deepEqual(await look(empty), ['PROCESSED', null, 0, null])
    const asideOnly = await queries.rawEvents(orgId, channelId, { status: 'QUARANTINED' }, FIRST)
    t.deepEqual(asideOnly?.data, [await queries.rawEvent(orgId, channelId, odd)])
    const because = async (reason: string) =>
      (await queries.rawEvents(orgId, channelId, { reason }, FIRST))?.data.length
    t.deepEqual([await because('unreadable'), await because('given-up')], [1, 0])
    for (const [who, where, which] of [
      [orgId, other, stored],
      [orgId, channelId, randomUUID() as RawEventId],
      [stranger.orgId, channelId, stored],
      [stranger.orgId, await stranger.channel(), stored],
    ] as const) {
      t.is(await queries.rawEvent(who, where, which), null)
      t.is(await queries.rawEventBody(who, where, which), null)
    }
    t.is(await queries.rawEvents(stranger.orgId, channelId, {}, FIRST), null)
    t.is(await queries.rawEvents(orgId, randomUUID() as ChannelId, {}, FIRST), null)
  })

  test(`${name}: notifications are the member's own, newest first, all or those that wait`, async (t) => {
    const inbox = await make()
    const { queries, orgId, memberId } = inbox
    const thread = await inbox.thread({ channelId: await inbox.channel() })
    const read = await inbox.notification(thread, { memberId, read: true, at: at(1) })
    const second = await inbox.message(thread, at(30))
    const waiting = await inbox.notification({ ...thread, messageId: second }, { memberId, read: false, at: at(2) })
    const list = async (who: MemberId, filter: { unread?: boolean }) =>
      (await queries.notifications(orgId, who, filter, FIRST)).data.map(({ id }) => id)
    t.deepEqual(await list(memberId, {}), [waiting, read])
    t.deepEqual(await list(memberId, { unread: true }), [waiting])
    t.deepEqual(await list(memberId, { unread: false }), [read])
    const stranger = randomUUID() as MemberId
    t.deepEqual(await list(stranger, {}), [])
    t.is(await queries.notification(orgId, stranger, read), null)
  })
}
