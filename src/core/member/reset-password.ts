import type { CorePorts } from '../../ports/core-ports.ts'
import { NotFound } from '../errors.ts'

/** Sets a new password; every session of the person ends with it. */
export const resetPassword =
  ({ accounts, clock, passwordHasher }: Pick<CorePorts, 'accounts' | 'clock' | 'passwordHasher'>) =>
  async (input: { email: string; password: string }): Promise<void> => {
    if (!(await accounts.setPassword(input.email.trim(), await passwordHasher.hash(input.password), clock.now())))
      throw new NotFound('user')
  }
