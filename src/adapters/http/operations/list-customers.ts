import type { CustomerFilter } from '../../../ports/inbox-queries.ts'
import { answerPage, given, limitOf } from '../list.ts'
import { forMembers } from '../operation.ts'

export const listCustomers = forMembers(({ cursors, queries }) => (call) => {
  const { platform, channelId } = call.query as CustomerFilter
  const filter: CustomerFilter = { ...given({ platform, channelId }), ...limitOf(call.actor) }
  return answerPage({ cursors }, call, filter, (page) => queries.customers(call.actor.orgId, filter, page))
})
