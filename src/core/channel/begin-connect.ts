import type { AccountLogin } from '../../ports/account-login.ts'
import type { CorePorts } from '../../ports/core-ports.ts'
import type { Actor } from '../actor.ts'
import { DomainError, NotFound } from '../errors.ts'
import type { OrgId } from '../ids.ts'

/** How long somebody may take to log in, and again to choose. */
export const CONNECT_WITHIN_MS = 10 * 60_000

export type BeginConnectInput = Readonly<{
  login: string
  /** Only this session can finish it. */
  sessionId: string
  /** Take the account over where another organization has it. */
  moves: boolean
}>

/** Where to send the person. The address holds a state that this session can use once, within ten minutes. */
export const beginConnect =
  (ports: CorePorts) =>
  async (actor: Actor, input: BeginConnectInput): Promise<{ authorizeUrl: string; expiresAt: Date }> => {
    const { login } = configuredLogin(ports, input.login)
    const { clock, oneTimeTokens, settings, unitOfWork } = ports
    const state = newState(oneTimeTokens, actor.orgId)
    const now = clock.now()
    const expiresAt = new Date(now.getTime() + CONNECT_WITHIN_MS)
    await unitOfWork.run(actor.orgId, ({ connects }) =>
      connects.begin(
        {
          tokenHash: oneTimeTokens.hash(state),
          memberId: actor.memberId,
          sessionHash: oneTimeTokens.hash(input.sessionId),
          login: login.name,
          moves: input.moves,
          accounts: null,
          expiresAt,
        },
        now,
      ),
    )
    return { authorizeUrl: login.authorizeUrl({ state, redirectUri: callbackOf(settings, login.name) }), expiresAt }
  }

/** Registered with the platform, byte for byte. */
export const callbackOf = ({ publicUrl }: Pick<CorePorts['settings'], 'publicUrl'>, login: string): string =>
  `${publicUrl}/oauth/${login}/callback`

/** Whoever comes back with it alone tells by it which organization's it is. */
export const newState = (tokens: CorePorts['oneTimeTokens'], orgId: OrgId): string => `${orgId}.${tokens.make()}`

const STATE = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.[\w-]{43}$/

/** For which organization a login was begun, by its state. Who says so proves nothing: the state is still to be taken. */
export const organizationOfState = (state: string): OrgId | null =>
  (STATE.exec(state)?.[1] as OrgId | undefined) ?? null

/** The login of that name, and the channel type that it connects. */
export function configuredLogin(
  { channelRegistry }: Pick<CorePorts, 'channelRegistry'>,
  name: string,
): { login: AccountLogin; type: string } {
  for (const type of channelRegistry.types) {
    const login = channelRegistry.get(type)?.logins?.find((one) => one.name === name)
    if (!login) continue
    if (login.isConfigured) return { login, type }
    throw new DomainError('login-not-configured', `The operator has to set ${login.needs.join(' and ')} first.`)
  }
  throw new NotFound('login')
}
