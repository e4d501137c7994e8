import { NotFound } from '../../../core/errors.ts'
import type { MemberId } from '../../../core/ids.ts'
import { forMembers, json } from '../operation.ts'

export const getMember = forMembers(({ accounts }) => async ({ actor, params }) => {
  const member = await accounts.member(actor.orgId, params['memberId'] as MemberId)
  if (member === null) throw new NotFound('member')
  return json(200, member)
})
