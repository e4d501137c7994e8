import { DomainError, NotFound } from '../../../core/errors.ts'
import type { TicketStore } from '../../../ports/ticket-store.ts'
import { TicketRow } from '../rows/inbox-rows.ts'
import type { Tx } from '../transaction.ts'
import { isUuid } from '../uuid.ts'
import { deriveTickets } from './derive-tickets.ts'

export const createTicketStore = (tx: Tx): TicketStore => ({
  async get(id) {
    // Lock first, then read: what is read together with the lock may be older than it.
    const locked = isUuid(id)
      ? await tx.rows(
          `select id from conversations where org_id = $1
             and id = (select conversation_id from tickets where org_id = $1 and id = $2) for no key update`,
          [tx.orgId, id],
        )
      : []
    const row = locked.length === 0 ? null : await tx.em.findOne(TicketRow, { orgId: tx.orgId, id }, { refresh: true })
    if (row === null) throw new NotFound('ticket')
    const { status, resolvedAt, assigneeId, version } = row
    return { id: row.id, status, resolvedAt: resolvedAt ?? null, assigneeId: assigneeId ?? null, version }
  },

  async save(ticket, now) {
    const row = await tx.em.findOne(TicketRow, { orgId: tx.orgId, id: ticket.id })
    if (row === null) throw new NotFound('ticket')
    if (row.status === 'RESOLVED' && ticket.status !== 'RESOLVED') await refuseSecondOpen(tx, row)
    row.status = ticket.status
    row.resolvedAt = ticket.resolvedAt
    row.assigneeId = ticket.assigneeId
    await tx.em.flush()
    // Also moves the version on.
    await deriveTickets(tx, [ticket.id], now)
  },
})

async function refuseSecondOpen(tx: Tx, { id, conversationId }: TicketRow): Promise<void> {
  const others = await tx.em.count(TicketRow, {
    orgId: tx.orgId,
    conversationId,
    id: { $ne: id },
    status: { $ne: 'RESOLVED' },
  })
  if (others > 0) {
    throw new DomainError('invalid-transition', 'A newer ticket of this conversation is open; go on with that one.')
  }
}
