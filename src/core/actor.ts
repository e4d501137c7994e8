import type { ChannelId, MemberId, OrgId, UserId } from './ids.ts'
import { type Permission, permissionsOf, type Role } from './member/permissions.ts'

export type { Role } from './member/permissions.ts'

/** Who asks, in which organization; made by the HTTP adapter from a session or an API key, never from a request's body. */
export type Actor = Readonly<{
  orgId: OrgId
  memberId: MemberId
  userId: UserId
  /** The member's, for rules about people: what somebody may do follows from `permissions`. */
  role: Role
  /** Those of the role at most; a credential may carry fewer. */
  permissions: ReadonlySet<Permission>
  /** The only channels whose customers, tickets and messages are there for whoever asks; null: those of the organization. */
  channelIds: ReadonlySet<ChannelId> | null
  requestId: string
}>

/** A member with all that the role allows. */
export const actingMember = (member: Omit<Actor, 'permissions' | 'channelIds'>): Actor => ({
  ...member,
  permissions: permissionsOf(member.role),
  channelIds: null,
})

/** Whose doing a row of the audit log is. */
export const by = ({ memberId, requestId }: Pick<Actor, 'memberId' | 'requestId'>) =>
  ({ actorType: 'MEMBER', actorId: memberId, requestId }) as const
