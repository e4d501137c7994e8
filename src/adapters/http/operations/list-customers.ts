import type { CustomerFilter } from '../../../ports/inbox-queries.ts'
import { answerPage, given } from '../list.ts'
import { EVERYONE } from '../member-roles.ts'
import { forMembers } from '../operation.ts'

export const listCustomers = forMembers(EVERYONE, ({ cursors, queries }) => (call) => {
  const { platform, channelId } = call.query
  const filter = given({ platform, channelId }) as CustomerFilter
  return answerPage({ cursors }, call, filter, (page) => queries.customers(call.actor.orgId, filter, page))
})
