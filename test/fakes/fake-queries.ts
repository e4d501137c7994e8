import { EXPORT_CHUNK_BYTES } from '../../src/core/customer/export-customer.ts'
import { Unavailable } from '../../src/core/errors.ts'
import type { MemberId, OrgId } from '../../src/core/ids.ts'
import type { AuditEntryView } from '../../src/ports/audit-log.ts'
import type { InboxQueries, PageOf, PageRequest } from '../../src/ports/inbox-queries.ts'
import type {
  ChannelView,
  CustomerView,
  DeadLetterView,
  ErasureView,
  ExportView,
  ImportView,
  MessageView,
  NotificationView,
  RawEventView,
  TicketView,
} from '../../src/ports/views.ts'

/** Everything of every organization; each question sees one. */
export class FakeQueries implements InboxQueries {
  readonly channels_: ChannelView[] = []
  readonly customers_: CustomerView[] = []
  readonly tickets_: TicketView[] = []
  readonly messages_: MessageView[] = []
  readonly notifications_: (NotificationView & { memberId: MemberId })[] = []
  readonly rawEvents_: RawEventView[] = []
  readonly deadLetters_: (DeadLetterView & { orgId: OrgId })[] = []
  readonly audit_: (AuditEntryView & { orgId: OrgId })[] = []
  /** By the id of their raw event; `{}` for those that are not here. */
  readonly rawBodies_ = new Map<string, string | null>()
  readonly imports_: ImportView[] = []
  readonly erasures_: (ErasureView & { orgId: OrgId })[] = []
  readonly exports_: (ExportView & { orgId: OrgId })[] = []
  /** By the id of their export. */
  readonly exportFiles_ = new Map<string, Uint8Array>()
  away = false

  customers: InboxQueries['customers'] = async (orgId, { platform, channelId, channelIds }, page) =>
    this.#page(
      this.customers_.filter(
        (one) =>
          one.orgId === orgId &&
          is(one.platform, platform) &&
          is(one.channelId, channelId) &&
          isOneOf(one.channelId, channelIds),
      ),
      page,
      newestFirst(({ lastSeenAt }) => lastSeenAt),
    )
  customer: InboxQueries['customer'] = async (orgId, id) => this.#find(this.customers_, orgId, id)

  erasure: InboxQueries['erasure'] = async (orgId, id) => {
    const found = this.#find(this.erasures_, orgId, id)
    if (found === null) return null
    const { orgId: _, ...view } = found
    return view
  }

  customerExport: InboxQueries['customerExport'] = async (orgId, id) => {
    const found = this.#find(this.exports_, orgId, id)
    if (found === null) return null
    const { orgId: _, ...view } = found
    return view
  }
  exportChunk: InboxQueries['exportChunk'] = async (orgId, id, position) => {
    const file = this.#find(this.exports_, orgId, id) === null ? undefined : this.exportFiles_.get(id)
    const start = position * EXPORT_CHUNK_BYTES
    return file !== undefined && start < file.length ? file.subarray(start, start + EXPORT_CHUNK_BYTES) : null
  }

  tickets: InboxQueries['tickets'] = async (orgId, filter, page) => {
    const { channelId, channelIds, customerId, platform, kind, status } = filter
    const matches = (one: TicketView) =>
      is(one.channelId, channelId) &&
      isOneOf(one.channelId, channelIds) &&
      is(one.customerId, customerId) &&
      is(one.platform, platform) &&
      isOneOf(one.kind, kind) &&
      isOneOf(one.status, status)
    return this.#page(
      this.tickets_.filter((one) => one.orgId === orgId && matches(one)),
      page,
      newestFirst(({ lastMessageAt }) => lastMessageAt),
    )
  }
  ticket: InboxQueries['ticket'] = async (orgId, id) => this.#find(this.tickets_, orgId, id)

  messages: InboxQueries['messages'] = async (orgId, ticketId, order, page) => {
    if (this.#find(this.tickets_, orgId, ticketId) === null) return null
    const own = this.messages_.filter((one) => one.ticketId === ticketId)
    const up = own.toSorted((a, b) => a.sentAt.getTime() - b.sentAt.getTime())
    return this.#page(order === 'asc' ? up : up.toReversed(), page)
  }
  message: InboxQueries['message'] = async (orgId, ticketId, id) => {
    const found = this.#find(this.messages_, orgId, id)
    return found?.ticketId === ticketId ? found : null
  }

  notifications: InboxQueries['notifications'] = async (orgId, memberId, { unread }, page) => {
    const own = this.notifications_.filter((one) => one.orgId === orgId && one.memberId === memberId)
    const wanted = own.filter((one) => unread === undefined || one.read !== unread)
    return this.#page(
      wanted.map(({ memberId: _, ...view }) => view),
      page,
      newestFirst(({ createdAt }) => createdAt),
    )
  }
  notification: InboxQueries['notification'] = async (orgId, memberId, id) => {
    const found = this.#find(this.notifications_, orgId, id)
    if (found?.memberId !== memberId) return null
    const { memberId: _, ...view } = found
    return view
  }

  channels: InboxQueries['channels'] = async (orgId, { ids }, page) =>
    this.#page(
      this.channels_.filter((one) => one.orgId === orgId && isOneOf(one.id, ids)),
      page,
      newestFirst(({ createdAt }) => createdAt),
    )
  channel: InboxQueries['channel'] = async (orgId, id) => this.#find(this.channels_, orgId, id)

  historyImport: InboxQueries['historyImport'] = async (orgId, channelId, id) => {
    if (this.#find(this.channels_, orgId, channelId) === null) return null
    return this.imports_.find((one) => one.id === id && one.channelId === channelId) ?? null
  }

  rawEvents: InboxQueries['rawEvents'] = async (orgId, channelId, filter, page) => {
    if (this.#find(this.channels_, orgId, channelId) === null) return null
    const { status, reason, receivedAfter, receivedBefore } = filter
    const matches = (one: RawEventView) =>
      is(one.status, status) &&
      (reason === undefined || one.reason === reason) &&
      (receivedAfter === undefined || one.receivedAt >= receivedAfter) &&
      (receivedBefore === undefined || one.receivedAt < receivedBefore)
    return this.#page(
      this.rawEvents_.filter((one) => one.channelId === channelId && matches(one)),
      page,
      newestFirst(({ receivedAt }) => receivedAt),
    )
  }
  auditEntries: InboxQueries['auditEntries'] = async (orgId, filter, page) => {
    const { action, actorId, resourceType, resourceId, occurredAfter, occurredBefore } = filter
    return this.#page(
      this.audit_
        .filter(
          (one) =>
            one.orgId === orgId &&
            is(one.action, action) &&
            is(one.actor.id, actorId) &&
            is(one.resource.type, resourceType) &&
            is(one.resource.id, resourceId) &&
            (occurredAfter === undefined || one.occurredAt >= occurredAfter) &&
            (occurredBefore === undefined || one.occurredAt < occurredBefore),
        )
        .map(({ orgId: _, ...view }) => view),
      page,
      newestFirst(({ occurredAt }) => occurredAt),
    )
  }
  deadLetters: InboxQueries['deadLetters'] = async (orgId, { queue }, page) =>
    this.#page(
      this.deadLetters_
        .filter((one) => one.orgId === orgId && is(one.queue, queue))
        .map(({ orgId: _, ...view }) => view),
      page,
      newestFirst(({ deadAt }) => deadAt),
    )

  rawEvent: InboxQueries['rawEvent'] = async (orgId, channelId, id) => {
    if (this.#find(this.channels_, orgId, channelId) === null) return null
    return this.rawEvents_.find((one) => one.id === id && one.channelId === channelId) ?? null
  }
  rawEventBody: InboxQueries['rawEventBody'] = async (orgId, channelId, id) => {
    if ((await this.rawEvent(orgId, channelId, id)) === null) return null
    const body = this.rawBodies_.get(id)
    return body === undefined ? '{}' : body
  }

  #find<T extends { id: string; orgId: OrgId }>(all: readonly T[], orgId: OrgId, id: string): T | null {
    this.#ask()
    return all.find((one) => one.id === id && one.orgId === orgId) ?? null
  }

  #page<T extends { id: string }>(rows: readonly T[], { limit, after }: PageRequest, order?: Order<T>): PageOf<T> {
    this.#ask()
    const all = order ? rows.toSorted(order) : rows
    const start = after === null ? 0 : all.findIndex(({ id }) => id === after.id) + 1
    const data = all.slice(start, start + limit)
    const last = data.at(-1)
    return { data, next: last && start + limit < all.length ? { key: String(start), id: last.id } : null }
  }

  #ask(): void {
    if (this.away) throw new Unavailable('The database does not answer. Try again shortly.')
  }
}

const is = <T>(value: T, wanted: T | undefined): boolean => wanted === undefined || value === wanted
const isOneOf = <T>(value: T, wanted: readonly T[] | undefined): boolean =>
  wanted === undefined || wanted.includes(value)

type Order<T> = (a: T, b: T) => number

/** Ties in the order in which they were put. */
const newestFirst =
  <T>(time: (one: T) => Date): Order<T> =>
  (a, b) =>
    time(b).getTime() - time(a).getTime()
