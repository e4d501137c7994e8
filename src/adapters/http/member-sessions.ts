import type { MemberView } from '../../ports/views.ts'
import type { MemberCall, OperationDeps } from './operation.ts'

/** Ends the sessions of a member that are in this organization; what they are signed in to elsewhere is not its affair. */
export async function signOutMember(
  { security, sessions }: Pick<OperationDeps, 'security' | 'sessions'>,
  call: MemberCall,
  { id, orgId, userId }: Pick<MemberView, 'id' | 'orgId' | 'userId'>,
  reason: 'by-an-administrator' | 'disabled' | 'removed',
): Promise<void> {
  const sessionsEnded = await sessions.endIn(orgId, userId)
  security.done('session.ended', call, { resourceId: id, reason, sessions: sessionsEnded })
}
