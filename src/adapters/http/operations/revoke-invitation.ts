import type { InvitationId } from '../../../core/ids.ts'
import { forMembers, nothing } from '../operation.ts'

export const revokeInvitation = forMembers(({ core }) => async ({ actor, params }) => {
  await core.revokeInvitation(actor, params['invitationId'] as InvitationId)
  return nothing()
})
