import type { Role } from '../../core/actor.ts'
import { RequestError } from './request-error.ts'

/** Which members an operation is for: each names one of these, and openapi.yaml says the same as `x-roles`. */
export type MemberRoles = readonly [Role, ...Role[]]

export const EVERYONE: MemberRoles = ['OWNER', 'ADMIN', 'AGENT', 'VIEWER']
export const AGENTS: MemberRoles = ['OWNER', 'ADMIN', 'AGENT']
export const MANAGERS: MemberRoles = ['OWNER', 'ADMIN']

export function requireRole(allowed: MemberRoles, role: Role): void {
  if (!allowed.includes(role)) {
    throw new RequestError('forbidden', `This takes one of the roles ${allowed.join(', ')}; yours is ${role}.`)
  }
}
