import type { TicketId } from '../../../core/ids.ts'
import { forMembers, nothing } from '../operation.ts'

export const markSeen = forMembers(({ core }) => async ({ actor, params }) => {
  await core.signalCustomer(actor, params['ticketId'] as TicketId, { type: 'SEEN' }, new AbortController().signal)
  return nothing()
})
