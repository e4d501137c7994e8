import type { Role } from '../../../core/actor.ts'
import { NotFound } from '../../../core/errors.ts'
import type { MemberId } from '../../../core/ids.ts'
import { signOutMember } from '../member-sessions.ts'
import { forMembers, json } from '../operation.ts'

type Body = Readonly<{ role?: Role; disabled?: boolean }>

export const updateMember = forMembers((deps) => async (call) => {
  const { accounts, core } = deps
  const { actor, params } = call
  const memberId = params['memberId'] as MemberId
  const { role, disabled } = call.body as Body
  await core.changeMember(actor, memberId, { ...(role && { role }), ...(disabled !== undefined && { disabled }) })
  const member = await accounts.member(actor.orgId, memberId)
  if (member === null) throw new NotFound('member')
  if (disabled === true) await signOutMember(deps, call, member, 'disabled')
  return json(200, member)
})
