import { STALLED_MS } from '../../../core/customer/export-customer.ts'
import type { CustomerId, ExportId } from '../../../core/ids.ts'
import type { ExportView } from '../../../ports/views.ts'
import type { Tx } from '../transaction.ts'

type Row = {
  id: ExportId
  customer_id: CustomerId
  state: 'PENDING' | 'READY' | 'FAILED'
  is_stalled: boolean
  is_there: boolean
  tickets: number
  messages: number
  bytes: number
  failure: ExportView['failure']
  requested_at: Date
  finished_at: Date | null
  expires_at: Date | null
}

export async function exportsById(tx: Tx, id: ExportId, now: Date): Promise<readonly ExportView[]> {
  const rows = await tx.rows<Row>(
    `select e.id, e.customer_id, e.state, e.state = 'PENDING' and e.requested_at < $3 as is_stalled,
       e.expires_at > $4 and exists (select from export_files f where f.org_id = e.org_id and f.export_id = e.id) as is_there,
       e.tickets, e.messages, e.bytes, e.failure, e.requested_at, e.finished_at, e.expires_at
     from exports e where e.org_id = $1 and e.id = $2`,
    [tx.orgId, id, new Date(now.getTime() - STALLED_MS), now],
  )
  return rows.map((row) => ({
    id: row.id,
    customerId: row.customer_id,
    state: stateOf(row),
    tickets: row.tickets,
    messages: row.messages,
    bytes: row.state === 'READY' ? row.bytes : 0,
    failure: row.is_stalled ? 'gave-up' : row.failure,
    requestedAt: row.requested_at,
    finishedAt: row.finished_at,
    expiresAt: row.expires_at,
  }))
}

function stateOf({ state, is_stalled, is_there }: Row): ExportView['state'] {
  if (is_stalled) return 'FAILED'
  return state === 'READY' && !is_there ? 'EXPIRED' : state
}

/** Of a file that is whole; the reader has seen to it that its time is not over. */
export async function exportChunk(tx: Tx, id: ExportId, position: number): Promise<readonly Uint8Array[]> {
  const rows = await tx.rows<{ bytes: Buffer }>(
    `select c.bytes from export_chunks c join exports e on e.org_id = c.org_id and e.id = c.export_id
     where c.org_id = $1 and c.export_id = $2 and c.position = $3 and e.state = 'READY'`,
    [tx.orgId, id, position],
  )
  return rows.map(({ bytes }) => bytes)
}
