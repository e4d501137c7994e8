import { NotFound } from '../../../core/errors.ts'
import type { MessageId, TicketId } from '../../../core/ids.ts'
import { forMembers, json } from '../operation.ts'

export const setReaction = forMembers(({ core, queries }) => async ({ actor, params, body }) => {
  const ticketId = params['ticketId'] as TicketId
  const messageId = params['messageId'] as MessageId
  await core.react(actor, { ticketId, messageId }, (body as Readonly<{ emoji: string }>).emoji)
  const message = await queries.message(actor.orgId, ticketId, messageId)
  if (message === null) throw new NotFound('message')
  return json(200, message)
})
