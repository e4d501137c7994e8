import type { GrantedAccount, LoginAnswer } from '../../ports/account-login.ts'
import type { ConnectAttempt } from '../../ports/connect-store.ts'
import type { CorePorts } from '../../ports/core-ports.ts'
import type { ChannelView } from '../../ports/views.ts'
import type { Actor } from '../actor.ts'
import { DomainError, NotFound } from '../errors.ts'
import { CONNECT_WITHIN_MS, callbackOf, configuredLogin, newState } from './begin-connect.ts'
import { letGo } from './disconnect-channel.ts'
import { type Kept, keepGranted } from './keep-granted.ts'

type Session = Readonly<{ login: string; sessionId: string }>

/** What the browser brought back from the platform. */
export type FinishConnectInput = Session &
  Readonly<{
    state: string
    code: string | null
    /** The platform's word for why there is no code. */
    error: string | null
  }>

export type ChooseAccountInput = Session & Readonly<{ choice: string; account: string }>

export type Connected =
  | Readonly<{ status: 'connected'; channel: ChannelView; isNew: boolean }>
  /** The login speaks for several accounts: `choice` serves once, in the same session, within ten minutes. */
  | Readonly<{
      status: 'choose'
      choice: string
      accounts: readonly Pick<GrantedAccount, 'account' | 'name'>[]
      expiresAt: Date
    }>

/** The whole of a platform's answer may take so long, all its calls together. */
const WITHIN_MS = 45_000

/** From the code to a channel that receives. Until it is proven whose account it is nothing is made. */
export const finishConnect =
  (ports: CorePorts) =>
  async (actor: Actor, input: FinishConnectInput): Promise<Connected> => {
    const { login } = configuredLogin(ports, input.login)
    const attempt = await take(ports, actor, input, input.state)
    if (attempt.accounts !== null) throw invalidState()
    if (input.code === null) {
      const denied = input.error === 'access_denied'
      throw new DomainError(
        denied ? 'connect-denied' : 'connect-failed',
        denied ? 'The person did not agree on the login page.' : 'The login page sent no code back.',
      )
    }
    const redirectUri = callbackOf(ports.settings, login.name)
    const code = input.code.replace(/#_$/, '')
    const accounts = grantedBy(await login.redeem({ code, redirectUri }, AbortSignal.timeout(WITHIN_MS)))
    const [only] = accounts
    if (only && accounts.length === 1) return connect(ports, actor, attempt, only)

    const { clock, oneTimeTokens, unitOfWork } = ports
    const choice = newState(oneTimeTokens, actor.orgId)
    const now = clock.now()
    const expiresAt = new Date(now.getTime() + CONNECT_WITHIN_MS)
    const tokenHash = oneTimeTokens.hash(choice)
    await unitOfWork.run(actor.orgId, ({ connects }) =>
      connects.begin({ ...attempt, tokenHash, accounts, expiresAt }, now),
    )
    return { status: 'choose', choice, accounts: accounts.map(({ account, name }) => ({ account, name })), expiresAt }
  }

/** The second step where a login speaks for several accounts. */
export const chooseAccount =
  (ports: CorePorts) =>
  async (actor: Actor, input: ChooseAccountInput): Promise<Connected> => {
    configuredLogin(ports, input.login)
    const attempt = await take(ports, actor, input, input.choice)
    const chosen = attempt.accounts?.find(({ account }) => account === input.account)
    if (!chosen) throw attempt.accounts === null ? invalidState() : new NotFound('account in this login')
    return connect(ports, actor, attempt, chosen)
  }

async function take(
  { clock, oneTimeTokens, unitOfWork }: CorePorts,
  actor: Actor,
  { login, sessionId }: Session,
  token: string,
): Promise<ConnectAttempt> {
  const by = {
    tokenHash: oneTimeTokens.hash(token),
    memberId: actor.memberId,
    sessionHash: oneTimeTokens.hash(sessionId),
    login,
  }
  const attempt = await unitOfWork.run(actor.orgId, ({ connects }) => connects.take(by, clock.now()))
  if (attempt === null) throw invalidState()
  return attempt
}

/** The same for every reason, so that nobody learns which part was right. */
export const invalidState = (): DomainError =>
  new DomainError(
    'connect-state-invalid',
    'This login was not begun in this session, was finished before, or took longer than ten minutes.',
  )

function grantedBy(answer: LoginAnswer): readonly GrantedAccount[] {
  if (answer.status === 'granted') return answer.accounts
  if (answer.status === 'code-refused') throw new DomainError('connect-code-refused', answer.detail)
  if (answer.status === 'no-account') throw new DomainError('connect-no-account', answer.detail)
  if (answer.status === 'failed') throw new DomainError('connect-failed', answer.detail)
  throw new DomainError('connect-scopes-missing', `The person did not allow ${answer.missing.join(', ')}.`, {
    extra: { missing: answer.missing },
  })
}

async function connect(
  ports: CorePorts,
  actor: Actor,
  attempt: ConnectAttempt,
  granted: GrantedAccount,
): Promise<Connected> {
  const { type } = configuredLogin(ports, attempt.login)
  const holder = (await ports.accountBindings.find(type, [granted.account])).get(granted.account)
  if (!attempt.moves && holder && holder.orgId !== actor.orgId) throw boundElsewhere()
  const { moves } = attempt
  const keep = (isSubscribed: boolean) => keepGranted(ports, actor, { type, granted, moves, isSubscribed })
  const { channelId, isNew } = holder
    ? // Its events have a channel all the while, so nothing is changed before the platform agrees.
      await subscribed(ports, type, granted).then(() => keep(true))
    : await boundFirst(ports, { actor, type, granted, keep: () => keep(false) })
  ports.wakeups.wake('sends')
  ports.wakeups.wake('events-written')
  ports.wakeups.wake('jobs')
  const channel = await ports.queries.channel(actor.orgId, channelId)
  if (channel === null) throw new NotFound('channel')
  return { status: 'connected', channel, isNew }
}

/** The first event may come before the platform has answered the subscription, and must find its channel. */
async function boundFirst(
  ports: CorePorts,
  {
    actor,
    type,
    granted,
    keep,
  }: Readonly<{ actor: Actor; type: string; granted: GrantedAccount; keep: () => Promise<Kept> }>,
): Promise<Kept> {
  const kept = await keep()
  try {
    await subscribed(ports, type, granted)
  } catch (error) {
    if (kept.isNew) await undo(ports, actor, kept)
    throw error
  }
  const { channelId, boundAt } = kept
  await ports.unitOfWork.run(actor.orgId, ({ bindings }) => bindings.subscribed(channelId, boundAt))
  return kept
}

/** Somebody who does not get a connection gets no channel. Unless it was connected again meanwhile. */
async function undo(ports: CorePorts, actor: Actor, { channelId, version }: Kept): Promise<void> {
  await ports.unitOfWork.run(actor.orgId, async (stores) => {
    if ((await stores.channels.get(channelId)).version !== version) return
    await letGo(ports, stores, channelId)
    await stores.audit.record({
      actorType: 'SYSTEM',
      actorId: null,
      action: 'channel.connect_failed',
      resourceType: 'channel',
      resourceId: channelId,
      requestId: actor.requestId,
    })
  })
  ports.wakeups.wake('jobs')
}

async function subscribed({ channelRegistry }: CorePorts, type: string, granted: GrantedAccount): Promise<void> {
  const answer = await channelRegistry.get(type)?.subscriptions?.add(granted, AbortSignal.timeout(WITHIN_MS))
  if (answer?.status === 'failed') throw new DomainError('connect-failed', answer.detail)
}

const boundElsewhere = (): DomainError =>
  new DomainError('account-bound-elsewhere', 'This account is connected in another organization of this installation.')
