import type { TicketFilter } from '../../../ports/inbox-queries.ts'
import { answerPage, given, limitOf } from '../list.ts'
import { forMembers } from '../operation.ts'

export const listTickets = forMembers(({ cursors, queries }) => (call) => {
  const { channelId, customerId, platform, kind, status } = call.query as TicketFilter
  const filter: TicketFilter = {
    ...given({ channelId, customerId, platform, kind, status }),
    ...limitOf(call.actor),
  }
  return answerPage({ cursors }, call, filter, (page) => queries.tickets(call.actor.orgId, filter, page))
})
