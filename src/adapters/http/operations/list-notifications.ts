import { answerPage, given } from '../list.ts'
import { EVERYONE } from '../member-roles.ts'
import { forMembers } from '../operation.ts'

export const listNotifications = forMembers(EVERYONE, ({ cursors, queries }) => (call) => {
  const { orgId, memberId } = call.actor
  const filter: { unread?: boolean } = given({ unread: call.query['unread'] as boolean | undefined })
  return answerPage({ cursors }, call, { memberId, ...filter }, (page) =>
    queries.notifications(orgId, memberId, filter, page),
  )
})
