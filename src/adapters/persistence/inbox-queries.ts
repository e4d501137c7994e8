import type { Clock } from '../../ports/clock.ts'
import type { InboxQueries } from '../../ports/inbox-queries.ts'
import type { CapabilitiesOf } from '../../ports/send-store.ts'
import { auditPage } from './queries/audit-log.ts'
import { channelById, channelsPage } from './queries/channels.ts'
import { emptyPage } from './queries/conditions.ts'
import { customersById, customersPage } from './queries/customers.ts'
import { deadLettersPage } from './queries/dead-letters.ts'
import { erasuresById } from './queries/erasures.ts'
import { exportChunk, exportsById } from './queries/exports.ts'
import { importsById } from './queries/history.ts'
import { messagesById, messagesPage } from './queries/messages.ts'
import { notificationsById, notificationsPage } from './queries/notifications.ts'
import { rawEventBody, rawEventById, rawEventsPage } from './queries/raw-events.ts'
import { ticketsById, ticketsPage } from './queries/tickets.ts'
import { type Orm, readInOrganization, type Tx } from './transaction.ts'
import { isUuid } from './uuid.ts'

export type InboxQueriesDeps = Readonly<{ orm: Orm; capabilitiesOf: CapabilitiesOf; clock: Clock }>

/** Every call is one read-only transaction, bound to the organization. */
export function createInboxQueries({ orm, capabilitiesOf, clock }: InboxQueriesDeps): InboxQueries {
  const rule = () => ({ capabilitiesOf, now: clock.now() })
  /** The one row of an id, or null; an id that cannot be ours costs no transaction. */
  const one = async <T>(
    orgId: Tx['orgId'],
    ids: readonly string[],
    read: (tx: Tx) => Promise<readonly T[]>,
  ): Promise<T | null> =>
    [orgId, ...ids].every(isUuid) ? ((await readInOrganization(orm, orgId, read))[0] ?? null) : null

  const list = async <T, None>(orgId: Tx['orgId'], none: None, read: (tx: Tx) => Promise<T>): Promise<T | None> =>
    isUuid(orgId) ? readInOrganization(orm, orgId, read) : none

  return {
    customers: (orgId, filter, page) => list(orgId, emptyPage, (tx) => customersPage(tx, filter, page)),
    customer: (orgId, id) => one(orgId, [id], (tx) => customersById(tx, [id])),
    erasure: (orgId, id) => one(orgId, [id], (tx) => erasuresById(tx, id)),
    customerExport: (orgId, id) => one(orgId, [id], (tx) => exportsById(tx, id, clock.now())),
    exportChunk: (orgId, id, position) => one(orgId, [id], (tx) => exportChunk(tx, id, position)),
    tickets: (orgId, filter, page) => list(orgId, emptyPage, (tx) => ticketsPage(tx, filter, page, rule())),
    ticket: (orgId, id) => one(orgId, [id], (tx) => ticketsById(tx, [id], rule())),
    messages: (orgId, ticketId, order, page) =>
      list(orgId, null, (tx) => messagesPage(tx, ticketId, order, page, clock.now())),
    message: (orgId, ticketId, id) => one(orgId, [ticketId, id], (tx) => messagesById(tx, [id], clock.now(), ticketId)),
    notifications: (orgId, memberId, filter, page) =>
      list(orgId, emptyPage, (tx) => notificationsPage(tx, memberId, filter, page)),
    notification: (orgId, memberId, id) => one(orgId, [memberId, id], (tx) => notificationsById(tx, memberId, [id])),
    channels: (orgId, filter, page) => list(orgId, emptyPage, (tx) => channelsPage(tx, filter, page, clock.now())),
    channel: (orgId, id) => list(orgId, null, (tx) => channelById(tx, id, clock.now())),
    historyImport: (orgId, channelId, id) => one(orgId, [channelId, id], (tx) => importsById(tx, channelId, id)),
    rawEvents: (orgId, channelId, filter, page) =>
      list(orgId, null, (tx) => rawEventsPage(tx, channelId, filter, page)),
    deadLetters: (orgId, filter, page) => list(orgId, emptyPage, (tx) => deadLettersPage(tx, filter, page)),
    auditEntries: (orgId, filter, page) => list(orgId, emptyPage, (tx) => auditPage(tx, filter, page)),
    rawEvent: (orgId, channelId, id) => one(orgId, [channelId, id], (tx) => rawEventById(tx, channelId, id)),
    rawEventBody: (orgId, channelId, id) => one(orgId, [channelId, id], (tx) => rawEventBody(tx, channelId, id)),
  }
}
