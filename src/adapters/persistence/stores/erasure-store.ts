import { NotFound } from '../../../core/errors.ts'
import type { CustomerId, ErasureId } from '../../../core/ids.ts'
import type { ErasureFacts, ErasureStore } from '../../../ports/erasure-store.ts'
import { erasurePlace } from '../sealed-places.ts'
import type { Tx } from '../transaction.ts'
import { isUuid } from '../uuid.ts'
import { deriveMessages } from './derive-messages.ts'
import { eraseRows, forgetAbout } from './erase-rows.ts'
import { bodiesAbout } from './erasure-bodies.ts'
import { markErased } from './erasure-marks.ts'
import type { StoreDeps } from './index.ts'
import { insertRows } from './insert-rows.ts'
import { bytea } from './raw-events.ts'

/** Events that one statement looks at: far from the time that a statement may take. */
const WINDOW = 2_000

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

  bodies: (facts, identity, after) => bodiesAbout(tx, facts, identity, after),

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
