import type { CorePorts } from '../../ports/core-ports.ts'
import { NotFound } from '../errors.ts'

/** Sets a new password; every session of the person ends with it. */
export const resetPassword =
  ({ accounts, clock, ids, passwordHasher }: Pick<CorePorts, 'accounts' | 'clock' | 'ids' | 'passwordHasher'>) =>
  async (input: { email: string; password: string }): Promise<void> => {
    const passwordHash = await passwordHasher.hash(input.password)
    const audit = { id: ids.next(), action: 'password.set-by-operator', requestId: null } as const
    if (!(await accounts.setPassword(input.email.trim(), { passwordHash, now: clock.now(), audit })))
      throw new NotFound('user')
  }
