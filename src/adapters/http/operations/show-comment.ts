import { NotFound } from '../../../core/errors.ts'
import type { MessageId, TicketId } from '../../../core/ids.ts'
import { forMembers, json } from '../operation.ts'

export const showComment = forMembers(({ core, queries }) => async ({ actor, params }) => {
  const ticketId = params['ticketId'] as TicketId
  const messageId = params['messageId'] as MessageId
  // Not ended with the request: what the platform did has to be known here.
  await core.moderateComment(actor, { ticketId, messageId }, 'UNHIDE', new AbortController().signal)
  const message = await queries.message(actor.orgId, ticketId, messageId)
  if (message === null) throw new NotFound('message')
  return json(200, message)
})
