import { NotFound } from '../../../core/errors.ts'
import type { TicketId } from '../../../core/ids.ts'
import { forMembers, json } from '../operation.ts'

export const getTicket = forMembers(({ queries }) => async ({ actor, params }) => {
  const ticket = await queries.ticket(actor.orgId, params['ticketId'] as TicketId)
  if (ticket === null) throw new NotFound('ticket')
  return json(200, ticket)
})
