import type { Role } from '../../../core/actor.ts'
import { answerInvited } from '../invitation-answer.ts'
import { limit } from '../limited.ts'
import { forMembers } from '../operation.ts'

type Body = Readonly<{ email: string; role: Role }>

export const createInvitation = forMembers((deps) => async ({ actor, res, body }) => {
  limit(res, await deps.rateLimits.takeInvitation(actor.orgId))
  return answerInvited(deps, actor, 201, await deps.core.invite(actor, body as Body))
})
