import type { MemberId } from '../../../core/ids.ts'
import { forMembers, nothing } from '../operation.ts'

export const removeMember = forMembers(({ core }) => async ({ actor, params, query }) => {
  const reassignTo = (query['reassignTo'] as MemberId | undefined) ?? null
  await core.removeMember(actor, params['memberId'] as MemberId, { reassignTo })
  return nothing()
})
