import { NotFound } from '../../../core/errors.ts'
import type { MemberId } from '../../../core/ids.ts'
import { signOutMember } from '../member-sessions.ts'
import { forMembers, nothing } from '../operation.ts'

export const endMemberSessions = forMembers((deps) => async (call) => {
  const { actor, params } = call
  const memberId = params['memberId'] as MemberId
  const member = await deps.accounts.member(actor.orgId, memberId)
  if (member === null) throw new NotFound('member')
  await deps.core.endMemberSessions(actor, memberId)
  await signOutMember(deps, call, member, 'by-an-administrator')
  return nothing()
})
