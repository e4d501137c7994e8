import type { ChannelId, CustomerId, TicketId } from '../../../core/ids.ts'
import type { RetentionStore, Window } from '../../../ports/retention.ts'
import type { Tx } from '../transaction.ts'
import { lockChannel } from './channel-lock.ts'
import { deadCustomers, expireCustomers, expireFacts } from './expire-customers.ts'
import { expireRows, OVERDUE } from './expire-rows.ts'

/** Rows that one statement looks at: far from the time that a statement may take. */
const WINDOW = 1_000
/** They may have 3 MB each. */
const BODIES_AT_ONCE = 100

const KEPT_FROM = `$3::timestamptz - retention_days * interval '1 day'`

export const createRetentionStore = (tx: Tx): RetentionStore => ({
  async before(channelId, now) {
    const [row] = await tx.rows<{ before: Date | null }>(
      `select ${KEPT_FROM} as before from channels where org_id = $1 and id = $2`,
      [tx.orgId, channelId, now],
    )
    return row?.before ?? null
  },

  async begin(channelId, now) {
    lockChannel(tx, channelId, 'alone')
    const [row] = await tx.rows<{ before: Date }>(
      `update channels set kept_since = greatest(kept_since, ${KEPT_FROM})
       where org_id = $1 and id = $2 and retention_days is not null returning ${KEPT_FROM} as before`,
      [tx.orgId, channelId, now],
    )
    return row?.before ?? null
  },

  tickets: (channelId, { before, resolvedBefore }, after) =>
    windowOf<TicketId>(
      tx,
      `select t.id, t.last_message_at as at, exists (select from messages m
         where m.org_id = t.org_id and m.ticket_id = t.id and ${OVERDUE}) as due
       from tickets t where t.org_id = $1 and t.channel_id = $2 and t.status = 'RESOLVED' and t.resolved_at < $4`,
      { order: 't.last_message_at, t.id', params: [channelId, before, resolvedBefore], after },
    ),

  expireMessages: (channelId, tickets, overdue, now) => expireRows(tx, channelId, tickets, overdue, now),

  customers: (channelId, before, after) =>
    windowOf<CustomerId>(
      tx,
      `select c.id, c.last_seen_at as at, ${deadCustomers('$2')} as due
       from customers c where c.org_id = $1 and c.channel_id = $2 and c.last_seen_at < $3`,
      { order: 'c.last_seen_at, c.id', params: [channelId, before], after },
    ),

  expireCustomers: (channelId, customers, before, now) => expireCustomers(tx, channelId, customers, before, now),

  expireBodies: (channelId, before) =>
    tx.affected(
      `delete from raw_events r using (
         select id from raw_events where org_id = $1 and channel_id = $2 and received_at < $3
         order by received_at limit ${BODIES_AT_ONCE}) old
       where r.org_id = $1 and r.id = old.id`,
      [tx.orgId, channelId, before],
    ),

  expireFacts: (channelId, before) => expireFacts(tx, channelId, before),
})

type Row<Id> = { id: Id; at: Date; due: boolean }

/** The oldest first; `after` is a time and an id. */
async function windowOf<Id extends string>(
  tx: Tx,
  select: string,
  { order, params, after }: { order: string; params: readonly [ChannelId, ...Date[]]; after: string | null },
): Promise<Window<Id>> {
  const values: unknown[] = [tx.orgId, ...params]
  const from = after?.split(' ') ?? []
  const rest =
    after === null ? '' : `and (${order}) > ($${values.length + 1}::timestamptz, $${values.length + 2}::uuid)`
  const rows = await tx.rows<Row<Id>>(`${select} ${rest} order by ${order} limit ${WINDOW}`, [...values, ...from])
  const last = rows.at(-1)
  return {
    found: rows.filter(({ due }) => due).map(({ id }) => id),
    next: last === undefined || rows.length < WINDOW ? null : `${last.at.toISOString()} ${last.id}`,
  }
}
