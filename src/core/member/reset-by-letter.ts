import type { CorePorts } from '../../ports/core-ports.ts'
import { DomainError } from '../errors.ts'
import type { UserId } from '../ids.ts'
import { LinkNotValid } from './invitation.ts'
import { changedLetter, resetLetter, sendLetter } from './letters.ts'
import { passwordWarnings } from './password-warnings.ts'

/** As long as a letter takes, and little longer. */
export const RESET_MS = 30 * 60_000
/** Who asks again within it gets no further letter. */
const PAUSE_MS = 60_000

type AskPorts = Pick<CorePorts, 'accounts' | 'clock' | 'log' | 'mailer' | 'oneTimeTokens' | 'settings'>
type Ports = AskPorts & Pick<CorePorts, 'ids' | 'isCommonPassword' | 'passwordHasher'>

/**
 * A link for a new password by letter, to an address that somebody has here. It goes on behind the answer, so that neither its
 * words nor its time tell whether somebody has. Throws DomainError `letters-not-configured`, whatever the address is.
 */
export const askForReset =
  (ports: AskPorts) =>
  (email: string): void => {
    if (!ports.mailer.isThere)
      throw new DomainError('letters-not-configured', 'Ask the operator, who can set a new password.')
    void sendReset(ports, email.trim()).catch((error: unknown) =>
      ports.log.warn({ err: error }, 'a link for a new password could not be made'),
    )
  }

async function sendReset(ports: AskPorts, email: string): Promise<void> {
  const { accounts, clock, oneTimeTokens, settings } = ports
  const token = oneTimeTokens.make()
  const now = clock.now()
  const to = await accounts.beginReset(email, {
    tokenHash: oneTimeTokens.hash(token),
    now,
    expiresAt: new Date(now.getTime() + RESET_MS),
    notAfter: new Date(now.getTime() - PAUSE_MS),
  })
  if (to !== null)
    await sendLetter(ports, 'reset', resetLetter(to, { link: `${settings.publicUrl}/password-reset#${token}` }))
}

/** Ends every session of the person, and the link. Throws `LinkNotValid`, or DomainError `weak-password` in production. */
export const resetByLetter =
  (ports: Ports) =>
  async (input: {
    token: string
    password: string
    requestId: string
  }): Promise<{ userId: UserId | null; warnings: readonly string[] }> => {
    const { accounts, clock, ids, oneTimeTokens, passwordHasher } = ports
    const tokenHash = oneTimeTokens.hash(input.token)
    const email = await accounts.emailOfReset(tokenHash, clock.now())
    if (email === null) throw new LinkNotValid()
    const warnings = passwordWarnings(ports, input.password, email)
    const passwordHash = await passwordHasher.hash(input.password)
    const audit = { id: ids.next(), action: 'password.reset', requestId: input.requestId } as const
    if (!(await accounts.finishReset(tokenHash, { passwordHash, now: clock.now(), audit }))) throw new LinkNotValid()
    void sendLetter(ports, 'changed', changedLetter(email))
    const userId = (await accounts.credentials(email))?.userId ?? null
    return { userId, warnings }
  }
