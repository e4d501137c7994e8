import { NotFound } from '../../../core/errors.ts'
import type { TicketId } from '../../../core/ids.ts'
import type { TicketStatus } from '../../../core/ticket/ticket.ts'
import { forMembers, json } from '../operation.ts'

export const updateTicket = forMembers(({ core, queries }) => async ({ actor, params, body }) => {
  const ticketId = params['ticketId'] as TicketId
  const { status } = body as Readonly<{ status: TicketStatus }>
  await core.updateTicket(actor, { ticketId, status })
  const ticket = await queries.ticket(actor.orgId, ticketId)
  if (ticket === null) throw new NotFound('ticket')
  return json(200, ticket)
})
