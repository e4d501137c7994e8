import type { MemberId, OrgId, UserId } from './ids.ts'

export type Role = 'OWNER' | 'ADMIN' | 'AGENT' | 'VIEWER'

/** Who asks, in which organization; made by the HTTP adapter from a session, never from a request's body. */
export type Actor = Readonly<{
  orgId: OrgId
  memberId: MemberId
  userId: UserId
  role: Role
  requestId: string
}>
