import type { MemberId } from '../../../core/ids.ts'
import { signOutMember } from '../member-sessions.ts'
import { forMembers, nothing } from '../operation.ts'

export const removeMember = forMembers((deps) => async (call) => {
  const { actor, params, query } = call
  const memberId = params['memberId'] as MemberId
  const reassignTo = (query['reassignTo'] as MemberId | undefined) ?? null
  // Afterwards nobody says whose membership it was.
  const member = await deps.accounts.member(actor.orgId, memberId)
  await deps.core.removeMember(actor, memberId, { reassignTo })
  if (member !== null) await signOutMember(deps, call, member, 'removed')
  return nothing()
})
