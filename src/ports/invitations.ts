import type { InvitationId, MemberId, OrgId, UserId } from '../core/ids.ts'
import type { Invitation, LetterState } from '../core/member/invitation.ts'
import type { PageOf, PageRequest } from './inbox-queries.ts'
import type { InvitationView, OrgView, UserView } from './views.ts'

/** Within an organization. Tokens come as hashes. */
export interface InvitationStore {
  /** Both are held until the end of the transaction. */
  lock(id: InvitationId): Promise<Invitation | null>
  lockForAddress(email: string): Promise<Invitation | null>
  /** In place of the one for that address, whose token is of no more use; answers the id that it has, which stays. */
  put(
    invitation: Invitation & Readonly<{ tokenHash: string; madeAt: Date; letter: LetterState }>,
  ): Promise<InvitationId>
  /** How the letter with this token went; nothing where another one took its place. */
  lettered(id: InvitationId, tokenHash: string, letter: LetterState): Promise<void>
  remove(id: InvitationId): Promise<void>
}

/** How somebody takes an invitation: as the person who was known by its address, or as a new one. */
export type Invitee =
  | Readonly<{ known: UserId }>
  | Readonly<{ known: null; id: UserId; name: string; passwordHash: string }>

/** For whoever comes with a token and is nobody's member yet; runs as the system role. */
export interface Invitations {
  /** Of one that stands. */
  find(tokenHash: string, now: Date): Promise<Readonly<{ email: string; org: OrgView }> | null>
  /**
   * One transaction: the invitation is used up, the person is a member, log and audit log have it. Throws `LinkNotValid`,
   * `AlreadyMember`, `OrganizationLimitReached`, and DomainError `email-taken` where somebody has the address who was not known.
   */
  accept(accepted: {
    tokenHash: string
    invitee: Invitee
    memberId: MemberId
    requestId: string
    /** Members that the organization may have. */
    most: number
    now: Date
  }): Promise<Readonly<{ user: UserView; org: OrgView }>>
  /** Of the organization, newest first. */
  page(orgId: OrgId, page: PageRequest, now: Date): Promise<PageOf<InvitationView>>
  one(orgId: OrgId, id: InvitationId, now: Date): Promise<InvitationView | null>
}
