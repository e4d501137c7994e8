import type { TicketId } from '../../../core/ids.ts'
import { forMembers, nothing } from '../operation.ts'

export const showTyping = forMembers(({ core }) => async ({ actor, params, body }) => {
  const { on } = body as Readonly<{ on: boolean }>
  await core.signalCustomer(actor, params['ticketId'] as TicketId, { type: 'TYPING', on }, new AbortController().signal)
  return nothing()
})
