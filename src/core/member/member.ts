import { DomainError } from '../errors.ts'
import type { MemberId } from '../ids.ts'
import { permissionsOf, type Role } from './permissions.ts'

export type Member = Readonly<{ id: MemberId; role: Role; active: boolean }>

/** Without an owner nobody could make one. */
export class LastOwner extends DomainError {
  constructor() {
    super('last-owner', 'An organization keeps at least one owner who is not disabled.')
    this.name = 'LastOwner'
  }
}

export class AssigneeNotMember extends DomainError {
  constructor() {
    super('assignee-not-member', 'Tickets are for members of the organization who are not disabled.')
    this.name = 'AssigneeNotMember'
  }
}

/**
 * Whether one member may make another one so; `after` is null where they are removed. `members` has at least the two of them and
 * every owner, as they are under lock: what a session was let in with may have changed since.
 */
export function checkChange(
  members: readonly Member[],
  { actorId, before, after }: Readonly<{ actorId: MemberId; before: Member; after: Member | null }>,
): void {
  const actor = members.find(({ id }) => id === actorId)
  checkManager(actor, [before.role, ...(after ? [after.role] : [])])
  const others = members.filter(({ id }) => id !== before.id)
  if (isOwner(before) && !(after && isOwner(after)) && !others.some(isOwner)) throw new LastOwner()
}

/** Whether somebody manages members, and those of these roles. */
export function checkManager(actor: Member | undefined, roles: readonly Role[]): void {
  if (!actor?.active || !permissionsOf(actor.role).has('members:manage')) {
    throw new DomainError('forbidden', 'You are no longer one of those who may change members.')
  }
  if (roles.includes('OWNER') && actor.role !== 'OWNER') {
    throw new DomainError('forbidden', 'Only an owner makes, changes and removes owners.')
  }
}

const isOwner = ({ role, active }: Member): boolean => role === 'OWNER' && active
