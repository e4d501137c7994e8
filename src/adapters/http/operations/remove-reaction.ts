import type { MessageId, TicketId } from '../../../core/ids.ts'
import { forMembers, nothing } from '../operation.ts'

export const removeReaction = forMembers(({ core }) => async ({ actor, params }) => {
  const about = { ticketId: params['ticketId'] as TicketId, messageId: params['messageId'] as MessageId }
  await core.react(actor, about, null)
  return nothing()
})
