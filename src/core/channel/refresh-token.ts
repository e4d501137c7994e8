import type { LoadedAccount } from '../../ports/channel-directory.ts'
import type { TokenAge } from '../../ports/channel-tokens.ts'
import type { CorePorts } from '../../ports/core-ports.ts'
import type { JobOutcome } from '../../ports/job-queue.ts'
import type { ChannelId, OrgId } from '../ids.ts'
import { notificationEvents } from '../notification/notification-events.ts'
import { loseAuthorization, saveWithToken } from './authorization.ts'
import { meetDemands } from './pauses.ts'

export type TokenJob = Readonly<{ orgId: OrgId; channelId: ChannelId }>

const DAY_MS = 24 * 3_600_000
/** Six tries come before the first alert. */
const REFRESH_WITHIN_DAYS = 20
/** Without a known end, well before the sixty days that platforms give. */
const UNKNOWN_END_AFTER_DAYS = 50
/** Platforms refuse to prolong a younger one. */
const LEAST_AGE_MS = DAY_MS
const ALERT_DAYS = [3, 7, 14] as const

/** Enqueues a look at each token that was not looked at for about a day. */
export const planTokenChecks =
  ({ channelRegistry, clock, tokenPlans, wakeups }: CorePorts) =>
  async (): Promise<number> => {
    const types = channelRegistry.types.filter((type) => channelRegistry.get(type)?.tokens)
    const count = await tokenPlans.enqueueDue(types, clock.now())
    if (count > 0) wakeups.wake('jobs')
    return count
  }

/**
 * Prolongs one channel's token once it nears its end, and tells the administrators where that has not worked. Whatever goes
 * wrong short of a dead token leaves the token as it is, until tomorrow.
 */
export const refreshToken =
  (ports: CorePorts) =>
  async ({ orgId, channelId }: TokenJob, signal: AbortSignal): Promise<JobOutcome> => {
    const { channelAccounts, channelRegistry, clock, log, unitOfWork, wakeups } = ports
    const account = await channelAccounts.load(orgId, channelId)
    const tokens = account && channelRegistry.get(account.type)?.tokens
    if (!account || !tokens?.canRefresh(account) || account.status === 'NEEDS_REAUTH') return { status: 'done' }
    const age = await unitOfWork.run(orgId, (stores) => stores.tokens.age(channelId))
    if (age === null || !isDue(age, clock.now())) return { status: 'done' }
    const requestId = `token-${ports.ids.next()}`
    const answer = await tokens.refresh(account, signal)
    await meetDemands(ports, account, answer.demands)
    if (answer.status === 'refreshed') {
      const isKept = await unitOfWork.run(orgId, async (stores) => {
        const channel = await stores.channels.get(channelId)
        // Somebody changed the channel meanwhile, perhaps its token: theirs stays, and tomorrow is another day.
        if (channel.version !== account.version) return false
        const now = clock.now()
        const end = { expiresAt: answer.expiresAt }
        await saveWithToken(stores, channel, answer.secrets, { memberId: null, requestId }, now, end)
        await stores.tokens.prove(channelId, now)
        await stores.audit.record({
          actorType: 'SYSTEM',
          actorId: null,
          action: 'channel.token_refreshed',
          resourceType: 'channel',
          resourceId: channelId,
          requestId,
        })
        return true
      })
      log.info({ orgId, channelId, requestId, isKept }, 'an access token was refreshed')
      return { status: 'done' }
    }
    log.warn({ orgId, channelId, requestId, reason: answer.detail }, 'an access token could not be refreshed')
    if (answer.status === 'reauthorize') {
      const { alert } = answer
      const isNew = await unitOfWork.run(orgId, (stores) =>
        loseAuthorization(stores, account, { alert, requestId, now: clock.now() }),
      )
      if (isNew) wakeups.wake('events-written')
      return { status: 'done' }
    }
    await alertOfEnd(ports, account, age, requestId)
    return { status: 'done' }
  }

function isDue({ setAt, expiresAt }: TokenAge, now: Date): boolean {
  const ageMs = now.getTime() - setAt.getTime()
  if (ageMs < LEAST_AGE_MS) return false
  if (expiresAt === null) return ageMs >= UNKNOWN_END_AFTER_DAYS * DAY_MS
  return expiresAt.getTime() - now.getTime() < REFRESH_WITHIN_DAYS * DAY_MS
}

async function alertOfEnd(
  { clock, unitOfWork, wakeups }: CorePorts,
  { orgId, channelId }: LoadedAccount,
  age: TokenAge,
  requestId: string,
): Promise<void> {
  if (age.expiresAt === null) return
  const now = clock.now()
  const leftMs = age.expiresAt.getTime() - now.getTime()
  const days = ALERT_DAYS.find((days) => leftMs <= days * DAY_MS)
  if (days === undefined) return
  const isTold = await unitOfWork.run(orgId, async ({ notifications, outbox, tokens }) => {
    if (!(await tokens.alert(channelId, age, days))) return false
    const told = await notifications.tellAdmins('CHANNEL_TOKEN_EXPIRING', channelId, now)
    await outbox.append(notificationEvents(told, requestId))
    return true
  })
  if (isTold) wakeups.wake('events-written')
}
