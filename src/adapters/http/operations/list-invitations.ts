import { answerPage } from '../list.ts'
import { forMembers } from '../operation.ts'

export const listInvitations = forMembers(
  ({ clock, cursors, invitations }) =>
    (call) =>
      answerPage({ cursors }, call, {}, (page) => invitations.page(call.actor.orgId, page, clock.now())),
)
