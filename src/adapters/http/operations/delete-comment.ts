import type { MessageId, TicketId } from '../../../core/ids.ts'
import { forMembers, nothing } from '../operation.ts'

export const deleteComment = forMembers(({ core }) => async ({ actor, params }) => {
  const about = { ticketId: params['ticketId'] as TicketId, messageId: params['messageId'] as MessageId }
  // Not ended with the request: what the platform did has to be known here.
  await core.moderateComment(actor, about, 'DELETE', new AbortController().signal)
  return nothing()
})
