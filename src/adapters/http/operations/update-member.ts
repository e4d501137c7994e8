import type { Role } from '../../../core/actor.ts'
import { NotFound } from '../../../core/errors.ts'
import type { MemberId } from '../../../core/ids.ts'
import { forMembers, json } from '../operation.ts'

type Body = Readonly<{ role?: Role; disabled?: boolean }>

export const updateMember = forMembers(({ accounts, core }) => async ({ actor, params, body }) => {
  const memberId = params['memberId'] as MemberId
  await core.changeMember(actor, memberId, body as Body)
  const member = await accounts.member(actor.orgId, memberId)
  if (member === null) throw new NotFound('member')
  return json(200, member)
})
