import type { Actor } from '../../core/actor.ts'
import { NotFound } from '../../core/errors.ts'
import type { Invited } from '../../core/member/invite.ts'
import { type Answer, json, type OperationDeps } from './operation.ts'

/** The invitation with its link, which is in this answer and in no other. */
export async function answerInvited(
  { invitations, clock }: Pick<OperationDeps, 'invitations' | 'clock'>,
  { orgId }: Actor,
  status: 200 | 201,
  { id, link }: Invited,
): Promise<Answer> {
  const invitation = await invitations.one(orgId, id, clock.now())
  if (invitation === null) throw new NotFound('invitation')
  return json(status, { ...invitation, link })
}
