import type { MemberFilter } from '../../../ports/account-directory.ts'
import { answerPage, given } from '../list.ts'
import { forMembers } from '../operation.ts'

export const listMembers = forMembers(({ accounts, cursors }) => (call) => {
  const { role, status } = call.query
  const filter = given({ role, status }) as MemberFilter
  return answerPage({ cursors }, call, filter, (page) => accounts.members(call.actor.orgId, filter, page))
})
