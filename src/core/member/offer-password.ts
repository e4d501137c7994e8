import type { CorePorts } from '../../ports/core-ports.ts'
import { NotFound } from '../errors.ts'

/** As long as it takes to pass a link on by hand. */
const OFFER_MS = 24 * 3_600_000

type Ports = Pick<CorePorts, 'accounts' | 'clock' | 'ids' | 'oneTimeTokens' | 'passwordHasher' | 'settings'>

/** In the place of a password for somebody who is to choose one: nobody ever knows it. */
export const unknowable = ({ oneTimeTokens, passwordHasher }: Pick<Ports, 'oneTimeTokens' | 'passwordHasher'>) =>
  passwordHasher.hash(oneTimeTokens.make())

/** A link that serves once, within a day, under which a person chooses their password. Throws NotFound where there is nobody. */
export async function passwordLink(ports: Ports, email: string): Promise<{ link: string }> {
  const { accounts, clock, oneTimeTokens, settings } = ports
  const token = oneTimeTokens.make()
  const now = clock.now()
  const expiresAt = new Date(now.getTime() + OFFER_MS)
  const to = await accounts.beginReset(email, { tokenHash: oneTimeTokens.hash(token), now, expiresAt, notAfter: now })
  if (to === null) throw new NotFound('user')
  return { link: `${settings.publicUrl}/password-reset#${token}` }
}

/**
 * The operator's way when somebody forgot theirs, or somebody else knows it: the present password and every session end at once, and
 * whoever gets the link chooses anew. What an operator passes on is never what somebody signs in with.
 */
export const offerPassword =
  (ports: Ports) =>
  async (input: { email: string }): Promise<{ link: string }> => {
    const email = input.email.trim()
    const audit = { id: ports.ids.next(), action: 'password.set-by-operator', requestId: null } as const
    const passwordHash = await unknowable(ports)
    if (!(await ports.accounts.setPassword(email, { passwordHash, now: ports.clock.now(), audit })))
      throw new NotFound('user')
    return passwordLink(ports, email)
  }
