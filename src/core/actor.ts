import type { MemberId, OrgId, UserId } from './ids.ts'
import { type Permission, permissionsOf, type Role } from './member/permissions.ts'

export type { Role } from './member/permissions.ts'

/** Who asks, in which organization; made by the HTTP adapter from a session, never from a request's body. */
export type Actor = Readonly<{
  orgId: OrgId
  memberId: MemberId
  userId: UserId
  /** The member's, for rules about people: what somebody may do follows from `permissions`. */
  role: Role
  /** Those of the role at most; a credential may carry fewer. */
  permissions: ReadonlySet<Permission>
  requestId: string
}>

/** A member with all that the role allows. */
export const actingMember = (member: Omit<Actor, 'permissions'>): Actor => ({
  ...member,
  permissions: permissionsOf(member.role),
})
