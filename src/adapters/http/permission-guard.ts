import type { Actor } from '../../core/actor.ts'
import type { Permission } from '../../core/member/permissions.ts'
import type { DeclaredPermission } from './contract.ts'
import { RequestError } from './request-error.ts'
import type { SignedIn } from './session.ts'

/** Lets through whoever has the permission that the contract asks for; `public` and `self` ask for none. */
export function requirePermission(actor: Actor, permission: DeclaredPermission, signedIn: SignedIn): void {
  if (permission !== 'public' && permission !== 'self') refuseWithout(actor, permission, signedIn)
}

function refuseWithout({ permissions, role }: Actor, permission: Permission, { key }: SignedIn): void {
  if (permissions.has(permission)) return
  const whose = key === null ? `you do not have as ${role}` : 'this key or its maker does not have'
  throw new RequestError('forbidden', `This takes the permission ${permission}, which ${whose}.`, {
    extra: { missingPermission: permission },
  })
}
