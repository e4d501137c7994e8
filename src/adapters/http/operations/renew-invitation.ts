import type { InvitationId } from '../../../core/ids.ts'
import { answerInvited } from '../invitation-answer.ts'
import { limit } from '../limited.ts'
import { forMembers } from '../operation.ts'

export const renewInvitation = forMembers((deps) => async ({ actor, res, params }) => {
  limit(res, await deps.rateLimits.takeInvitation(actor.orgId))
  const id = params['invitationId'] as InvitationId
  return answerInvited(deps, actor, 200, await deps.core.renewInvitation(actor, id))
})
