import type { CorePorts } from '../../ports/core-ports.ts'
import type { Invitee } from '../../ports/invitations.ts'
import type { OrgView, UserView } from '../../ports/views.ts'
import type { MemberId, UserId } from '../ids.ts'
import { LinkNotValid } from './invitation.ts'
import { passwordWarnings } from './password-warnings.ts'

type Looks = Pick<CorePorts, 'accounts' | 'clock' | 'invitations' | 'oneTimeTokens'>
type Ports = Looks & Pick<CorePorts, 'ids' | 'isCommonPassword' | 'passwordHasher' | 'settings' | 'wakeups'>

/** What a token is for, and who has its address here, if anybody. Throws `LinkNotValid`. */
export const findInvitation =
  ({ accounts, clock, invitations, oneTimeTokens }: Looks) =>
  async (token: string): Promise<Readonly<{ email: string; org: OrgView; personId: UserId | null }>> => {
    const found = await invitations.find(oneTimeTokens.hash(token), clock.now())
    if (found === null) throw new LinkNotValid()
    return { ...found, personId: (await accounts.credentials(found.email))?.userId ?? null }
  }

/** Somebody who has proven to be that person, and whose password stays; or somebody new, with a password of their own choice. */
export type Joining = Readonly<{ personId: UserId }> | Readonly<{ name: string; password: string }>

/** The address, the role and the organization are the invitation's. Throws what `Invitations.accept` does, or `weak-password`. */
export const acceptInvitation =
  (ports: Ports) =>
  async (input: {
    token: string
    joining: Joining
    requestId: string
  }): Promise<Readonly<{ user: UserView; org: OrgView; warnings: readonly string[] }>> => {
    const { clock, ids, invitations, oneTimeTokens, wakeups } = ports
    const tokenHash = oneTimeTokens.hash(input.token)
    const { invitee, warnings } = await inviteeOf(ports, tokenHash, input.joining)
    const memberId = ids.next() as MemberId
    const joined = await invitations.accept({
      ...{ tokenHash, invitee, memberId },
      requestId: input.requestId,
      most: ports.settings.organizationLimits.members,
      now: clock.now(),
    })
    wakeups.wake('events-written')
    return { ...joined, warnings }
  }

async function inviteeOf(
  ports: Ports,
  tokenHash: string,
  joining: Joining,
): Promise<{ invitee: Invitee; warnings: readonly string[] }> {
  if ('personId' in joining) return { invitee: { known: joining.personId }, warnings: [] }
  const found = await ports.invitations.find(tokenHash, ports.clock.now())
  if (found === null) throw new LinkNotValid()
  const warnings = passwordWarnings(ports, joining.password, found.email)
  const passwordHash = await ports.passwordHasher.hash(joining.password)
  const invitee = { known: null, id: ports.ids.next() as UserId, name: joining.name.trim(), passwordHash }
  return { invitee, warnings }
}
