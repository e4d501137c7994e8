import type { CorePorts } from '../../ports/core-ports.ts'
import type { OrgView, UserView } from '../../ports/views.ts'
import { DomainError } from '../errors.ts'
import type { MemberId, OrgId, UserId } from '../ids.ts'
import { passwordWarnings } from '../member/password-warnings.ts'

export type SignUpInput = Readonly<{ orgName: string; name: string; email: string; password: string }>

export class SignUpDisabled extends DomainError {
  constructor() {
    super('signup-disabled', 'Signing up is by invitation on this installation.')
    this.name = 'SignUpDisabled'
  }
}

type Settings = Pick<CorePorts['settings'], 'production' | 'signupMode'>
type Accounts = Pick<CorePorts['accounts'], 'countOrganizations' | 'create'>
type Ports = Pick<CorePorts, 'clock' | 'ids' | 'passwordHasher' | 'isCommonPassword'> &
  Readonly<{ accounts: Accounts; settings: Settings }>

/** Makes an organization and its owner. Throws SignUpDisabled, or DomainError `weak-password` or `email-taken`. */
export const signUp =
  ({ accounts, clock, ids, passwordHasher, isCommonPassword, settings }: Ports) =>
  async (
    input: SignUpInput,
  ): Promise<{ user: UserView; org: OrgView; memberId: MemberId; warnings: readonly string[] }> => {
    const warnings = passwordWarnings({ isCommonPassword, settings }, input.password, input.email)
    const onlyIfFirst = settings.signupMode === 'invite'
    // Told before a password is hashed, which is work; whoever makes the account decides it.
    if (onlyIfFirst && (await accounts.countOrganizations()) > 0) throw new SignUpDisabled()
    const memberId = ids.next() as MemberId
    const { user, org } = await accounts.create({
      org: { id: ids.next() as OrgId, name: input.orgName.trim() },
      user: {
        id: ids.next() as UserId,
        email: input.email.trim(),
        name: input.name.trim(),
        passwordHash: await passwordHasher.hash(input.password),
      },
      memberId,
      onlyIfFirst,
      now: clock.now(),
    })
    return { user, org, memberId, warnings }
  }
