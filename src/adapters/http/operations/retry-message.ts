import { NotFound } from '../../../core/errors.ts'
import type { MessageId, TicketId } from '../../../core/ids.ts'
import { limitSend } from '../limited.ts'
import { forMembers, json } from '../operation.ts'

export const retryMessage = forMembers(({ core, queries, rateLimits }) => async ({ actor, res, signedIn, params }) => {
  await limitSend(rateLimits, res, signedIn, actor.orgId)
  const ticketId = params['ticketId'] as TicketId
  const messageId = params['messageId'] as MessageId
  await core.retryMessage(actor, { ticketId, messageId })
  const message = await queries.message(actor.orgId, ticketId, messageId)
  if (message === null) throw new NotFound('message')
  return json(202, message)
})
