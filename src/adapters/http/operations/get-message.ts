import { NotFound } from '../../../core/errors.ts'
import type { MessageId, TicketId } from '../../../core/ids.ts'
import { forMembers, json } from '../operation.ts'

export const getMessage = forMembers(({ queries }) => async ({ actor, params }) => {
  const message = await queries.message(actor.orgId, params['ticketId'] as TicketId, params['messageId'] as MessageId)
  if (message === null) throw new NotFound('message')
  return json(200, message)
})
