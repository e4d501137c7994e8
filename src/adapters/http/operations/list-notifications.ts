import { answerPage, given } from '../list.ts'
import { forMembers } from '../operation.ts'

export const listNotifications = forMembers(({ cursors, queries }) => (call) => {
  const { orgId, memberId } = call.actor
  const filter: { unread?: boolean } = given({ unread: call.query['unread'] as boolean | undefined })
  return answerPage({ cursors }, call, { memberId, ...filter }, (page) =>
    queries.notifications(orgId, memberId, filter, page),
  )
})
