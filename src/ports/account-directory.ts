import type { Role } from '../core/actor.ts'
import type { AuditAction } from '../core/audit/audit-actions.ts'
import type { MemberId, OrgId, UserId } from '../core/ids.ts'
import type { PageOf, PageRequest } from './inbox-queries.ts'
import type { MembershipView, MemberView, OrgView, UserView } from './views.ts'

export type MemberFilter = Readonly<{ role?: Role; status?: MemberView['status'] }>

export type NewAccount = Readonly<{
  org: Readonly<{ id: OrgId; name: string }>
  user: Readonly<{ id: UserId; email: string; name: string; passwordHash: string }>
  memberId: MemberId
  /** Refused where the installation has an organization; of several at the same time one is the first. */
  onlyIfFirst: boolean
  now: Date
}>

export type PasswordChange = Readonly<{
  passwordHash: string
  now: Date
  audit: Readonly<{ id: string; action: PasswordAction; requestId: string | null }>
}>

/** By the person, who knew the present one; by whoever had the link of a letter; by the operator. */
export type PasswordAction = Extract<AuditAction, 'password.changed' | 'password.reset' | 'password.set-by-operator'>

/** People and organizations before anybody is signed in; runs as the system role, sees no message. */
export interface AccountDirectory {
  /** One transaction: organization, user, owner's membership, counters. Throws DomainError `email-taken` or `signup-disabled`. */
  create(account: NewAccount): Promise<{ user: UserView; org: OrgView }>
  credentials(email: string): Promise<{ userId: UserId; passwordHash: string } | null>
  user(userId: UserId): Promise<UserView | null>
  /** Active memberships, oldest first. */
  memberships(userId: UserId): Promise<readonly MembershipView[]>
  membership(orgId: OrgId, userId: UserId): Promise<MembershipView | null>
  /** Of the organization, oldest first; without those who were removed. */
  members(orgId: OrgId, filter: MemberFilter, page: PageRequest): Promise<PageOf<MemberView>>
  member(orgId: OrgId, memberId: MemberId): Promise<MemberView | null>
  countOrganizations(): Promise<number>
  /** For the operator's command line: makes the user where the e-mail is new. Throws `OrganizationLimitReached`. */
  addMember(member: {
    /** Members that the organization may have; left out: as many as one likes. */
    most?: number
    orgId: OrgId
    memberId: MemberId
    userId: UserId
    email: string
    name: string
    passwordHash: string
    role: Role
    now: Date
  }): Promise<UserView>
  /**
   * False for an unknown e-mail. Sessions that began before `now` are over with it, wherever they are kept. The audit log has it in
   * the same transaction, as nobody's organization's.
   */
  setPassword(email: string, change: PasswordChange): Promise<boolean>
  /** The link that was sent last is good; the address as it is kept, null where nobody has it or the last one is after `notAfter`. */
  beginReset(
    email: string,
    reset: Readonly<{ tokenHash: string; now: Date; expiresAt: Date; notAfter: Date }>,
  ): Promise<string | null>
  /** Whose it is; null for one that is used up, too old, or nobody's. */
  emailOfReset(tokenHash: string, now: Date): Promise<string | null>
  /** As `setPassword`, and the link is used up: of several at once one is in time. */
  finishReset(tokenHash: string, change: PasswordChange): Promise<boolean>
  /** Sessions that began before it are over; null while none was ended so. */
  sessionsSince(userId: UserId): Promise<Date | null>
}
