import { DomainError } from '../errors.ts'
import type { InvitationId, MemberId } from '../ids.ts'
import { checkManager, type Member } from './member.ts'
import type { Role } from './permissions.ts'

export type Invitation = Readonly<{
  id: InvitationId
  /** As it was written; upper and lower case are one. */
  email: string
  role: Role
  invitedBy: MemberId
  expiresAt: Date
}>

/** Whether its link went out by letter. One that is neither sent nor failed for long was cut off, and is told as failed. */
export type LetterState = 'NONE' | 'SENDING' | 'SENT' | 'FAILED'

/** Over a weekend and a holiday; whoever comes later asks for another link. */
export const INVITATION_MS = 7 * 86_400_000

/** One answer for all of them: used up, too old, replaced, revoked, cut or made up. */
export class LinkNotValid extends DomainError {
  constructor() {
    super(
      'link-not-valid',
      'This link was used before, was replaced by a newer one, is too old, or was cut on its way.',
    )
    this.name = 'LinkNotValid'
  }
}

export class AlreadyMember extends DomainError {
  constructor() {
    super('already-member', 'Somebody with this e-mail address is a member of the organization.')
    this.name = 'AlreadyMember'
  }
}

/** Whether it still stands: in time, and whoever gave it could give it today. */
export function stands(
  { role, expiresAt }: Pick<Invitation, 'role' | 'expiresAt'>,
  inviter: Member,
  now: Date,
): boolean {
  if (expiresAt <= now) return false
  try {
    checkManager(inviter, [role])
    return true
  } catch (error) {
    if (error instanceof DomainError) return false
    throw error
  }
}
