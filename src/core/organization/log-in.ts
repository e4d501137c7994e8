import type { CorePorts } from '../../ports/core-ports.ts'
import type { MembershipView, UserView } from '../../ports/views.ts'

/** Null for an unknown e-mail and for a wrong password alike, and after the same time. */
export const logIn =
  ({ accounts, passwordHasher }: Pick<CorePorts, 'accounts' | 'passwordHasher'>) =>
  async (input: {
    email: string
    password: string
  }): Promise<{ user: UserView; memberships: readonly MembershipView[] } | null> => {
    const known = await accounts.credentials(input.email.trim())
    const right = known
      ? await passwordHasher.verify(input.password, known.passwordHash)
      : await passwordHasher.verifyDummy(input.password)
    if (!known || !right) return null
    const user = await accounts.user(known.userId)
    return user && { user, memberships: await accounts.memberships(known.userId) }
  }
