import type { CorePorts } from '../../ports/core-ports.ts'
import type { UserView } from '../../ports/views.ts'
import type { Role } from '../actor.ts'
import type { MemberId, OrgId, UserId } from '../ids.ts'

/** The operator's way to let somebody in, until there are invitations. */
export const addMember =
  ({
    accounts,
    clock,
    ids,
    passwordHasher,
    settings,
  }: Pick<CorePorts, 'accounts' | 'clock' | 'ids' | 'passwordHasher' | 'settings'>) =>
  async (input: { orgId: OrgId; email: string; name: string; password: string; role: Role }): Promise<UserView> =>
    accounts.addMember({
      orgId: input.orgId,
      memberId: ids.next() as MemberId,
      userId: ids.next() as UserId,
      email: input.email.trim(),
      name: input.name.trim(),
      passwordHash: await passwordHasher.hash(input.password),
      role: input.role,
      most: settings.organizationLimits.members,
      now: clock.now(),
    })
