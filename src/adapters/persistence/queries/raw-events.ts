import type { ChannelId, RawEventId } from '../../../core/ids.ts'
import type { PageOf, PageRequest } from '../../../ports/inbox-queries.ts'
import type { RawEventFilter } from '../../../ports/raw-event-store.ts'
import type { RawEventView } from '../../../ports/views.ts'
import type { Tx } from '../transaction.ts'
import { addBefore, type Conditions, canExist, conditions, emptyPage, pageOf } from './conditions.ts'

type Row = {
  id: RawEventId
  channel_id: ChannelId
  status: RawEventView['status']
  reason: string | null
  verified: boolean
  request_id: string | null
  bytes: number
  messages: number
  received_at: Date
  processed_at: Date
}

/** Why `r` is put aside; null where it is not. */
export const REASON =
  '(select q.reason from quarantine q where q.org_id = r.org_id and q.raw_event_id = r.id order by q.created_at desc, q.id desc limit 1)'

const SELECT = `
select r.id, r.channel_id, r.status, r.verified, r.request_id, octet_length(r.body) as bytes, r.received_at, r.processed_at,
  ${REASON} as reason,
  (select count(*)::int from message_parts p where p.org_id = r.org_id and p.raw_event_id = r.id) as messages
from raw_events r`

const inChannel = (tx: Tx, channelId: ChannelId): Conditions => {
  const where = conditions()
  where.add((p) => `r.org_id = ${p}`, tx.orgId)
  where.add((p) => `r.channel_id = ${p}`, channelId)
  return where
}

/** Null where there is no such channel. */
export async function rawEventsPage(
  tx: Tx,
  channelId: ChannelId,
  { status, reason, receivedAfter, receivedBefore }: RawEventFilter,
  page: PageRequest,
): Promise<PageOf<RawEventView> | null> {
  if (!canExist({ after: null }, channelId)) return null
  const channel = await tx.rows('select 1 from channels where org_id = $1 and id = $2', [tx.orgId, channelId])
  if (channel.length === 0) return null
  if (!canExist(page)) return emptyPage
  const where = inChannel(tx, channelId)
  where.add((p) => `r.status = ${p}`, status)
  where.add((p) => `${REASON} = ${p}`, reason)
  where.add((p) => `r.received_at >= ${p}::timestamptz`, receivedAfter)
  where.add((p) => `r.received_at < ${p}::timestamptz`, receivedBefore)
  addBefore(where, 'r.received_at', 'r.id', page.after)
  const rest = `order by r.received_at desc, r.id desc limit ${where.param(page.limit + 1)}`
  const rows = await tx.rows<Row>(`${SELECT} where ${where.where} ${rest}`, where.params)
  return pageOf(rows, page.limit, rawEventView, (row) => ({ key: row.received_at.toISOString(), id: row.id }))
}

export async function rawEventById(tx: Tx, channelId: ChannelId, id: RawEventId): Promise<RawEventView[]> {
  const where = inChannel(tx, channelId)
  where.add((p) => `r.id = ${p}`, id)
  return (await tx.rows<Row>(`${SELECT} where ${where.where}`, where.params)).map(rawEventView)
}

/** What came, as text; null where all of it was taken out. */
export async function rawEventBody(tx: Tx, channelId: ChannelId, id: RawEventId): Promise<(string | null)[]> {
  const where = inChannel(tx, channelId)
  where.add((p) => `r.id = ${p}`, id)
  const rows = await tx.rows<{ body: Buffer }>(`select r.body from raw_events r where ${where.where}`, where.params)
  return rows.map(({ body }) => (body.length === 0 ? null : body.toString()))
}

const rawEventView = (row: Row): RawEventView => ({
  id: row.id,
  channelId: row.channel_id,
  status: row.status,
  reason: row.reason,
  verified: row.verified,
  requestId: row.request_id,
  bytes: row.bytes,
  messages: row.messages,
  receivedAt: row.received_at,
  processedAt: row.processed_at,
})
