import { NotFound } from '../../../core/errors.ts'
import type { TicketId } from '../../../core/ids.ts'
import { answerPage } from '../list.ts'
import { forMembers } from '../operation.ts'

export const listMessages = forMembers(({ cursors, queries }) => (call) => {
  const ticketId = call.params['ticketId'] as TicketId
  const order = call.query['order'] as 'asc' | 'desc'
  return answerPage({ cursors }, call, { ticketId, order }, async (page) => {
    const messages = await queries.messages(call.actor.orgId, ticketId, order, page)
    if (messages === null) throw new NotFound('ticket')
    return messages
  })
})
