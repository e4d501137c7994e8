import { NotFound } from '../../../core/errors.ts'
import type { ChannelId, CustomerId, ErasureId, RawEventId } from '../../../core/ids.ts'
import type { ErasureFacts, ErasureStore } from '../../../ports/erasure-store.ts'
import { erasurePlace } from '../sealed-places.ts'
import type { Tx } from '../transaction.ts'
import { isUuid } from '../uuid.ts'
import { deriveMessages } from './derive-messages.ts'
import { eraseRows, forgetAbout } from './erase-rows.ts'
import { markErased } from './erasure-marks.ts'
import type { StoreDeps } from './index.ts'
import { insertRows } from './insert-rows.ts'
import { bytea } from './raw-events.ts'

/** Rows that one statement looks at: far from the time that a statement may take. */
const WINDOW = 2_000
/** Looking for each id costs as much as all the others together: beyond, only the bodies that are known to hold them. */
const MOST_LOOKED_FOR = 200

type BodyRow = {
  id: RawEventId
  channel_id: ChannelId
  body: Buffer
  verified: boolean
  request_id: string | null
  received_at: Date
}

export const createErasureStore = (tx: Tx, deps: StoreDeps): ErasureStore => ({
  async request(customerId, { id, now, failure }) {
    if (!isUuid(customerId)) throw new NotFound('customer')
    const [customer] = await tx.rows('update customers set erasing = true where org_id = $1 and id = $2 returning id', [
      tx.orgId,
      customerId,
    ])
    const [made] = customer
      ? await tx.rows<{ id: ErasureId }>(
          `insert into erasures (id, org_id, customer_id, requested_at) values ($1, $2, $3, $4)
           on conflict (org_id, customer_id) do nothing returning id`,
          [id, tx.orgId, customerId, now],
        )
      : []
    if (made) {
      await stopSending(tx, customerId, JSON.stringify(failure))
      const payload = bytea(Buffer.from(JSON.stringify({ orgId: tx.orgId, erasureId: id })))
      insertRows(tx, 'jobs', { id: 'uuid', queue: 'text', payload: 'bytea' }, [
        { id: deps.ids.next(), queue: 'erasure', payload },
      ])
      return { id, isNew: true }
    }
    const [before] = await tx.rows<{ id: ErasureId }>(
      'select id from erasures where org_id = $1 and customer_id = $2',
      [tx.orgId, customerId],
    )
    if (!before) throw new NotFound('customer')
    return { id: before.id, isNew: false }
  },

  erase: (id, now) => eraseRows(tx, deps, id, now),

  async facts(id) {
    const [row] = await tx.rows<{ sealed: string | null }>(
      'select sealed from erasures where org_id = $1 and id = $2 for update',
      [tx.orgId, id],
    )
    if (!row || row.sealed === null) return null
    const { until, ...facts } = JSON.parse(deps.secretBox.open(row.sealed, erasurePlace(tx.orgId, id)))
    return { ...facts, until: new Date(until) } as ErasureFacts
  },

  async bodies(facts, { channelId, people, messages }, after) {
    const window = await tx.rows<{ id: RawEventId }>(
      `select id from raw_events where org_id = $1 and ($2::uuid is null or id > $2::uuid) order by id limit ${WINDOW}`,
      [tx.orgId, after],
    )
    const last = window.at(-1)
    if (!last) return { found: [], next: null }
    const sought = messages.length <= MOST_LOOKED_FOR ? [...people, ...messages] : people
    const rows = await tx.rows<BodyRow>(
      `select id, channel_id, body, verified, request_id, received_at from raw_events
       where org_id = $1 and channel_id = $2 and ($3::uuid is null or id > $3::uuid) and id <= $4 and octet_length(body) > 0
         and (id = any($5::uuid[]) or ${HOLDS('body', '$6')})
       order by id for update`,
      [tx.orgId, channelId, after, last.id, facts.bodies, sought.flatMap(inJson)],
    )
    const found = rows.map((row) => ({
      id: row.id,
      orgId: tx.orgId,
      channelId: row.channel_id,
      body: row.body,
      verified: row.verified,
      receivedAt: row.received_at,
      requestId: row.request_id ?? '',
    }))
    return { found, next: window.length < WINDOW ? null : last.id }
  },

  async replaceBody(id, body) {
    await tx.affected('update raw_events set body = $3 where org_id = $1 and id = $2', [tx.orgId, id, body])
  },

  async forgetMessages(identity, messages) {
    await markErased(tx, deps, identity.channelId, { people: [], messages }, new Date())
    await forgetAbout(tx, { ...identity, messages })
  },

  async forgetChanges({ customerId, tickets }, after) {
    const [row] = await tx.rows<{ last: string | null; many: number }>(
      `select max(seq) as last, count(*)::int as many from (
         select seq from event_log where org_id = $1 and seq > $2 order by seq limit ${WINDOW}) few`,
      [tx.orgId, after],
    )
    const last = row?.last ?? null
    // Those without a number as well: the relay may be behind.
    await tx.affected(
      `update event_log set data = '{}' where org_id = $1 and (seq > $2 and seq <= $3::bigint or seq is null) and data <> '{}'
         and (resource_type = 'customer' and resource_id = $4 or ticket_id = any($5::uuid[]))`,
      [tx.orgId, after, last ?? after, customerId, tickets],
    )
    return last === null || (row?.many ?? 0) < WINDOW ? null : Number(last)
  },

  async finish(id, bodies, now) {
    await tx.affected(
      `update erasures set state = 'DONE', sealed = null, bodies = $3, finished_at = $4
       where org_id = $1 and id = $2 and state = 'SWEEPING'`,
      [tx.orgId, id, bodies, now],
    )
  },
})

/** Whoever locks a conversation from now on finds nothing to send. */
async function stopSending(tx: Tx, customerId: CustomerId, failure: string): Promise<void> {
  const conversations = await tx.rows<{ id: string }>(
    'select id from conversations where org_id = $1 and customer_id = $2 order by id for no key update',
    [tx.orgId, customerId],
  )
  const stopped = await tx.rows<{ message_id: Parameters<typeof deriveMessages>[1][number] }>(
    `update message_parts set status = 'FAILED', failure = $3
     where org_id = $1 and conversation_id = any($2::uuid[]) and status = 'QUEUED' returning message_id`,
    [tx.orgId, conversations.map(({ id }) => id), failure],
  )
  const messages = [...new Set(stopped.map(({ message_id }) => message_id))]
  if (messages.length > 0) await deriveMessages(tx, messages)
}

/** Whether bytes hold one of these. */
export const HOLDS = (bytes: string, sought: string): string =>
  `exists (select from unnest(${sought}::bytea[]) as w (id) where position(w.id in ${bytes}) > 0)`

/** As JSON text has an id: some writers put a backslash before each slash, or write what is not ASCII as numbers. */
export const inJson = (id: string): Buffer[] => {
  const quoted = JSON.stringify(id).slice(1, -1)
  const ascii = quoted.replace(/[\u0080-\uffff]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return [...new Set([quoted, quoted.replaceAll('/', '\\/'), ascii])].map((text) => Buffer.from(text))
}
