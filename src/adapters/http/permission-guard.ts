import type { Actor } from '../../core/actor.ts'
import type { Permission } from '../../core/member/permissions.ts'
import type { DeclaredPermission } from './contract.ts'
import { RequestError } from './request-error.ts'

/** Lets through whoever has the permission that the contract asks for; `public` and `self` ask for none. */
export function requirePermission(actor: Actor, permission: DeclaredPermission): void {
  if (permission !== 'public' && permission !== 'self') refuseWithout(actor, permission)
}

function refuseWithout({ permissions, role }: Actor, permission: Permission): void {
  if (permissions.has(permission)) return
  throw new RequestError('forbidden', `This takes the permission ${permission}, which you do not have as ${role}.`, {
    extra: { missingPermission: permission },
  })
}
