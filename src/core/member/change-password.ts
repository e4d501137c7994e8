import type { CorePorts } from '../../ports/core-ports.ts'
import { NotFound } from '../errors.ts'
import { changedLetter, sendLetter } from './letters.ts'
import { passwordWarnings } from './password-warnings.ts'

type Ports = Pick<CorePorts, 'clock' | 'ids' | 'log' | 'mailer' | 'passwordHasher' | 'isCommonPassword'> &
  Readonly<{
    accounts: Pick<CorePorts['accounts'], 'setPassword'>
    settings: Pick<CorePorts['settings'], 'production'>
  }>

/**
 * Another password for somebody who has proven the present one; every session of theirs that began before ends with it. Throws
 * DomainError `weak-password` in production; elsewhere a common one is taken with a warning, as at sign-up.
 */
export const changePassword =
  ({ accounts, clock, ids, log, mailer, passwordHasher, isCommonPassword, settings }: Ports) =>
  async (input: { email: string; password: string; requestId: string }): Promise<{ warnings: readonly string[] }> => {
    const warnings = passwordWarnings({ isCommonPassword, settings }, input.password, input.email)
    const passwordHash = await passwordHasher.hash(input.password)
    const audit = { id: ids.next(), action: 'password.changed', requestId: input.requestId } as const
    if (!(await accounts.setPassword(input.email, { passwordHash, now: clock.now(), audit })))
      throw new NotFound('user')
    if (mailer.isThere) void sendLetter({ log, mailer }, 'changed', changedLetter(input.email))
    return { warnings }
  }
