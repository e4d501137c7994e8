import type { CustomerId, ErasureId } from '../../../core/ids.ts'
import type { ErasureView } from '../../../ports/views.ts'
import type { Tx } from '../transaction.ts'

type Row = {
  id: ErasureId
  customer_id: CustomerId
  state: ErasureView['state']
  tickets: number
  messages: number
  bodies: number
  requested_at: Date
  erased_at: Date | null
  finished_at: Date | null
}

export async function erasuresById(tx: Tx, id: ErasureId): Promise<readonly ErasureView[]> {
  const rows = await tx.rows<Row>(
    `select id, customer_id, state, tickets, messages, bodies, requested_at, erased_at, finished_at
     from erasures where org_id = $1 and id = $2`,
    [tx.orgId, id],
  )
  return rows.map((row) => ({
    id: row.id,
    customerId: row.customer_id,
    state: row.state,
    removed: { tickets: row.tickets, messages: row.messages, bodies: row.bodies },
    requestedAt: row.requested_at,
    erasedAt: row.erased_at,
    finishedAt: row.finished_at,
  }))
}
