import type { Actor, Role } from '../../core/actor.ts'
import { NotFound } from '../../core/errors.ts'
import type { OrgId } from '../../core/ids.ts'
import type { AccountDirectory } from '../../ports/account-directory.ts'
import { RequestError } from './request-error.ts'
import type { SignedIn } from './session.ts'

/**
 * Who asks, in which organization. Membership is looked up for every request, so that one that ended has ended everywhere.
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
  return { orgId, memberId: membership.memberId, userId: signedIn.userId, role: membership.role, requestId }
}

const MANAGERS: readonly Role[] = ['OWNER', 'ADMIN']
const AGENTS: readonly Role[] = ['OWNER', 'ADMIN', 'AGENT']

/** Operations that not every member may call. */
const ALLOWED: Readonly<Record<string, readonly Role[]>> = {
  createChannel: MANAGERS,
  connectInstagram: MANAGERS,
  connectFacebook: MANAGERS,
  chooseFacebookAccount: MANAGERS,
  updateChannel: MANAGERS,
  deleteChannel: MANAGERS,
  // Bodies hold every customer's words, past what a ticket shows.
  listRawEvents: MANAGERS,
  getRawEvent: MANAGERS,
  replayRawEvent: MANAGERS,
  replayRawEvents: MANAGERS,
  startImport: MANAGERS,
  verifyChannel: MANAGERS,
  updateTicket: AGENTS,
  sendMessage: AGENTS,
  retryMessage: AGENTS,
  checkMessage: AGENTS,
  sendMessageAgain: AGENTS,
  hideComment: AGENTS,
  showComment: AGENTS,
  deleteComment: AGENTS,
  setReaction: AGENTS,
  removeReaction: AGENTS,
  showTyping: AGENTS,
  markSeen: AGENTS,
  createAttachment: AGENTS,
  deleteAttachment: AGENTS,
}

export function requireRole(operationId: string, role: Role): void {
  const roles = ALLOWED[operationId]
  if (roles && !roles.includes(role)) {
    throw new RequestError('forbidden', `This takes one of the roles ${roles.join(', ')}; yours is ${role}.`)
  }
}
