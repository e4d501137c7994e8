import { type Actor, actingMember } from '../../core/actor.ts'
import { NotFound } from '../../core/errors.ts'
import type { OrgId } from '../../core/ids.ts'
import type { AccountDirectory } from '../../ports/account-directory.ts'
import type { SignedIn } from './session.ts'

/**
 * Who asks, in which organization. Membership is looked up for every request, so that one that ended or has another role is so
 * with the next one.
 * Another organization is not there at all: 404, never 403.
 */
export async function requireMember(
  accounts: Pick<AccountDirectory, 'membership'>,
  orgId: OrgId,
  signedIn: SignedIn,
  requestId: string,
): Promise<Actor> {
  const membership = await accounts.membership(orgId, signedIn.userId)
  if (!membership?.active) throw new NotFound('organization')
  const { memberId, role } = membership
  return actingMember({ orgId, memberId, userId: signedIn.userId, role, requestId })
}
