import type { CorePorts } from '../../ports/core-ports.ts'
import type { UserView } from '../../ports/views.ts'
import type { Role } from '../actor.ts'
import type { MemberId, OrgId, UserId } from '../ids.ts'
import { passwordLink, unknowable } from './offer-password.ts'

type Ports = Pick<CorePorts, 'accounts' | 'clock' | 'ids' | 'oneTimeTokens' | 'passwordHasher' | 'settings'>

/**
 * The operator's way to let somebody in. Somebody new without a password gets a link to choose one; whoever was here before keeps
 * theirs, and gets none.
 */
export const addMember =
  (ports: Ports) =>
  async (input: {
    orgId: OrgId
    email: string
    name: string
    password: string | null
    role: Role
  }): Promise<{ user: UserView; link: string | null }> => {
    const { accounts, clock, ids, passwordHasher, settings } = ports
    const userId = ids.next() as UserId
    const user = await accounts.addMember({
      orgId: input.orgId,
      memberId: ids.next() as MemberId,
      userId,
      email: input.email.trim(),
      name: input.name.trim(),
      passwordHash: await (input.password === null ? unknowable(ports) : passwordHasher.hash(input.password)),
      role: input.role,
      most: settings.organizationLimits.members,
      now: clock.now(),
    })
    const isToChoose = user.id === userId && input.password === null
    return { user, link: isToChoose ? (await passwordLink(ports, user.email)).link : null }
  }
