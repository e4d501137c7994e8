import { NotFound } from '../../../core/errors.ts'
import type { TicketId } from '../../../core/ids.ts'
import type { UpdateTicketInput } from '../../../core/ticket/update-ticket.ts'
import { forMembers, json } from '../operation.ts'

type Body = Omit<UpdateTicketInput, 'ticketId'>

export const updateTicket = forMembers(({ core, queries }) => async ({ actor, params, body }) => {
  const ticketId = params['ticketId'] as TicketId
  await core.updateTicket(actor, { ticketId, ...(body as Body) })
  const ticket = await queries.ticket(actor.orgId, ticketId)
  if (ticket === null) throw new NotFound('ticket')
  return json(200, ticket)
})
