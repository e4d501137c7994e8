import { NotFound } from '../../../core/errors.ts'
import type { ChannelId, OrgId, RawEventId } from '../../../core/ids.ts'
import type { IdSource } from '../../../ports/id-source.ts'
import type { RawEventFilter, RawEventStore } from '../../../ports/raw-event-store.ts'
import type { RawDelivery } from '../../../ports/webhook-intake.ts'
import { type Conditions, conditions } from '../queries/conditions.ts'
import { REASON } from '../queries/raw-events.ts'
import type { Tx } from '../transaction.ts'
import { isUuid } from '../uuid.ts'
import { insertRows } from './insert-rows.ts'
import { bytea } from './raw-events.ts'

type Row = {
  id: RawEventId
  org_id: OrgId
  channel_id: ChannelId
  body: Buffer
  verified: boolean
  request_id: string | null
  received_at: Date
}

const COLUMNS = 'r.id, r.org_id, r.channel_id, r.body, r.verified, r.request_id, r.received_at'

export const createRawEventStore = (tx: Tx, { ids }: { ids: IdSource }): RawEventStore => ({
  async get(channelId, id) {
    if (!isUuid(channelId) || !isUuid(id)) throw new NotFound('raw event')
    const [row] = await tx.rows<Row>(
      `select ${COLUMNS} from raw_events r where r.org_id = $1 and r.channel_id = $2 and r.id = $3`,
      [tx.orgId, channelId, id],
    )
    if (!row) throw new NotFound('raw event')
    return delivery(row)
  },

  async count(channelId, filter) {
    const where = whereOf(tx, channelId, filter)
    const [row] = await tx.rows<{ count: number }>(
      `select count(*)::int as count from raw_events r where ${where.where}`,
      where.params,
    )
    return row?.count ?? 0
  },

  async next(channelId, filter, after, limit) {
    const where = whereOf(tx, channelId, filter)
    if (after)
      where.and(
        `(r.received_at, r.id) > (${where.param(after.receivedAt)}::timestamptz, ${where.param(after.id)}::uuid)`,
      )
    const rows = await tx.rows<Row>(
      `select ${COLUMNS} from raw_events r where ${where.where} order by r.received_at, r.id limit ${where.param(limit)}`,
      where.params,
    )
    return rows.map(delivery)
  },

  async markProcessed(rawEventIds, now) {
    if (rawEventIds.length === 0) return
    await tx.affected(
      `update raw_events set status = 'PROCESSED', processed_at = $3 where org_id = $1 and id = any($2) and status = 'QUARANTINED'`,
      [tx.orgId, rawEventIds, now],
    )
    await tx.affected('delete from quarantine where org_id = $1 and raw_event_id = any($2)', [tx.orgId, rawEventIds])
  },

  async planReplay(plan) {
    insertRows(tx, 'jobs', { id: 'uuid', queue: 'text', payload: 'bytea' }, [
      { id: ids.next(), queue: 'raw-event-replay', payload: bytea(Buffer.from(JSON.stringify(plan))) },
    ])
  },
})

/** An emptied body has nothing to say. */
function whereOf(tx: Tx, channelId: ChannelId, filter: RawEventFilter): Conditions {
  const { status, reason, receivedAfter, receivedBefore } = filter
  const where = conditions()
  where.add((p) => `r.org_id = ${p}`, tx.orgId)
  where.add((p) => `r.channel_id = ${p}`, channelId)
  where.and('octet_length(r.body) > 0')
  where.add((p) => `r.status = ${p}`, status)
  where.add((p) => `${REASON} = ${p}`, reason)
  where.add((p) => `r.received_at >= ${p}::timestamptz`, receivedAfter)
  where.add((p) => `r.received_at < ${p}::timestamptz`, receivedBefore)
  return where
}

const delivery = (row: Row): RawDelivery => ({
  id: row.id,
  orgId: row.org_id,
  channelId: row.channel_id,
  body: row.body,
  verified: row.verified,
  receivedAt: row.received_at,
  requestId: row.request_id ?? '',
})
