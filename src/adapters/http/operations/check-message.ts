import { NotFound } from '../../../core/errors.ts'
import type { MessageId, TicketId } from '../../../core/ids.ts'
import { forMembers, json } from '../operation.ts'

export const checkMessage = forMembers(({ core, queries }) => async ({ actor, params }) => {
  const ticketId = params['ticketId'] as TicketId
  const messageId = params['messageId'] as MessageId
  // Not ended with the request: what was asked for the message is worth knowing.
  const { isChecked } = await core.checkMessage(actor, { ticketId, messageId }, new AbortController().signal)
  const message = await queries.message(actor.orgId, ticketId, messageId)
  if (message === null) throw new NotFound('message')
  return json(isChecked ? 200 : 202, message)
})
