import { type Actor, actingMember } from '../../core/actor.ts'
import { NotFound } from '../../core/errors.ts'
import type { OrgId } from '../../core/ids.ts'
import type { AccountDirectory } from '../../ports/account-directory.ts'
import type { MembershipView } from '../../ports/views.ts'
import { actingKey } from './api-key-caller.ts'
import { RequestError } from './request-error.ts'
import { marked } from './security-refusals.ts'
import type { SignedIn } from './session.ts'

type Since = Pick<MembershipView, 'sessionsSince'>
type Began = Pick<SignedIn, 'key' | 'startedAt'>

/** Throws `unauthenticated` where the person was signed out of the organization since. */
export function refuseOlder(membership: Since, signedIn: Began): void {
  if (isInTime(membership, signedIn)) return
  throw new RequestError('unauthenticated', 'You were signed out of this organization. Sign in again.')
}

/** Whether it began since the person was signed out of the organization. A key is no session: it is revoked. */
export const isInTime = ({ sessionsSince }: Since, { key, startedAt }: Began): boolean =>
  key !== null || sessionsSince === null || startedAt >= sessionsSince.toISOString()

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
  // A key is good for one organization, whoever its maker is elsewhere.
  const { key } = signedIn
  if (!membership?.active || (key !== null && key.orgId !== orgId)) {
    throw marked(new NotFound('organization'), 'organization.refused', { askedOrgId: orgId })
  }
  refuseOlder(membership, signedIn)
  const { memberId, role } = membership
  const member = { orgId, memberId, userId: signedIn.userId, role, requestId }
  return key === null ? actingMember(member) : actingKey(member, key)
}
