import type { CustomerFilter } from '../../../ports/inbox-queries.ts'
import { answerPage, given } from '../list.ts'
import { forMembers } from '../operation.ts'

export const listCustomers = forMembers(({ cursors, queries }) => (call) => {
  const { platform, channelId } = call.query
  const filter = given({ platform, channelId }) as CustomerFilter
  return answerPage({ cursors }, call, filter, (page) => queries.customers(call.actor.orgId, filter, page))
})
