import type { CorePorts } from '../../ports/core-ports.ts'
import type { AuditAction } from '../audit/audit-actions.ts'
import type { MemberId, OrgId, UserId } from '../ids.ts'

/** What people do with their sessions. */
export type AccessAction = Extract<
  AuditAction,
  | 'sign-in.succeeded'
  | 'sign-in.failed'
  | 'sign-out'
  | 'session.ended'
  | 'organization.switched'
  | 'reauthentication.failed'
>

type Ports = Pick<CorePorts, 'accounts' | 'unitOfWork'>
type Member = Readonly<{ orgId: OrgId; memberId: MemberId }>

/** In the audit log of the organization that the session is in, or opens in: others do not learn of it. */
export const noteAccess =
  ({ accounts, unitOfWork }: Ports) =>
  async (access: {
    orgId: OrgId
    userId: UserId
    action: Exclude<AccessAction, 'sign-in.failed'>
    requestId: string
  }): Promise<void> => {
    const membership = await accounts.membership(access.orgId, access.userId)
    if (membership === null) return
    const { memberId } = membership
    await unitOfWork.run(access.orgId, ({ audit }) =>
      audit.record({
        ...{ actorType: 'MEMBER', actorId: memberId, action: access.action, requestId: access.requestId },
        ...{ resourceType: 'member', resourceId: memberId },
      }),
    )
  }

/**
 * Of somebody who is known, in the organization that they would have been let into; null where the address is nobody's. It takes its time
 * for known addresses only: not before the answer. Who it was is not known, so it is nobody's doing.
 */
export const noteFailedSignIn =
  ({ accounts, unitOfWork }: Ports) =>
  async ({ email, requestId }: { email: string; requestId: string }): Promise<Member | null> => {
    const known = await accounts.credentials(email.trim())
    const [first] = known ? await accounts.memberships(known.userId) : []
    if (!first) return null
    const { org, memberId } = first
    await unitOfWork.run(org.id, ({ audit }) =>
      audit.record({
        ...{ actorType: 'SYSTEM', actorId: null, action: 'sign-in.failed', requestId },
        ...{ resourceType: 'member', resourceId: memberId },
      }),
    )
    return { orgId: org.id, memberId }
  }
