import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { Role } from '../../../core/actor.ts'
import type { MemberId, OrgId, UserId } from '../../../core/ids.ts'

export const OrganizationRow = defineEntity({
  name: 'OrganizationRow',
  tableName: 'organizations',
  properties: {
    id: p.uuid().$type<OrgId>().primary(),
    name: p.text(),
    createdAt: p.datetime(3),
  },
})
export type OrganizationRow = InferEntity<typeof OrganizationRow>

export const UserRow = defineEntity({
  name: 'UserRow',
  tableName: 'users',
  properties: {
    id: p.uuid().$type<UserId>().primary(),
    email: p.text(),
    name: p.text(),
    passwordHash: p.text(),
    /** Sessions that began before it are over. */
    sessionsSince: p.datetime(3).nullable(),
    createdAt: p.datetime(3),
  },
})
export type UserRow = InferEntity<typeof UserRow>

export const MembershipRow = defineEntity({
  name: 'MembershipRow',
  tableName: 'memberships',
  properties: {
    id: p.uuid().$type<MemberId>().primary(),
    orgId: p.uuid().$type<OrgId>(),
    userId: p.uuid().$type<UserId>(),
    name: p.text(),
    role: p.text().$type<Role>(),
    active: p.boolean(),
    createdAt: p.datetime(3),
  },
})
export type MembershipRow = InferEntity<typeof MembershipRow>
