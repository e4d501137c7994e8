import type { AccountSubscriptions } from '../../ports/account-subscriptions.ts'
import type { CorePorts } from '../../ports/core-ports.ts'
import type { JobOutcome } from '../../ports/job-queue.ts'
import type { Unsubscription } from '../../ports/unsubscription-store.ts'
import type { OrgId, UnsubscriptionId } from '../ids.ts'

export type UnsubscribeJob = Readonly<{ orgId: OrgId; unsubscriptionId: UnsubscriptionId }>

const WITHIN_MS = 20_000
const DAY_MS = 24 * 3_600_000
/** Credentials of a channel that somebody wanted gone are not kept for longer. */
const GIVEN_UP_AFTER_MS = 7 * DAY_MS
const LEAST_WAIT_MS = 2_000
const MOST_WAIT_MS = 3_600_000

type Ended = 'channel.unsubscribed' | 'channel.unsubscribe_not_needed' | 'channel.unsubscribe_failed'

/**
 * Tells the platform to deliver nothing of an account any more, for a channel that is gone, and forgets the credentials that
 * this takes. Nothing is told of an account that somebody has connected since, also in another organization; where that
 * happened while the platform was being told, the new connection is subscribed anew.
 */
export const unsubscribe =
  (ports: CorePorts) =>
  async ({ orgId, unsubscriptionId: id }: UnsubscribeJob, signal: AbortSignal): Promise<JobOutcome> => {
    const { accountBindings, channelRegistry, clock, log, unitOfWork } = ports
    const planned = await unitOfWork.run(orgId, ({ unsubscriptions }) => unsubscriptions.find(id))
    if (planned === null) return { status: 'done' }
    const { account, channelId, type } = planned
    const end = async (action: Ended): Promise<JobOutcome> => {
      await unitOfWork.run(orgId, async ({ audit, unsubscriptions }) => {
        await unsubscriptions.forget(id)
        const about = { resourceType: 'channel', resourceId: channelId, requestId: null }
        await audit.record({ actorType: 'SYSTEM', actorId: null, action, ...about })
      })
      log.info({ orgId, channelId, action }, 'the end of a subscription was settled')
      return { status: 'done' }
    }
    const later = (detail: string, afterMs: number | null = null): JobOutcome => ({
      status: 'wait',
      afterMs: Math.max(afterMs ?? 0, waitMs(planned, clock.now())),
      reason: detail,
    })
    const subscriptions = channelRegistry.get(type)?.subscriptions
    if (!subscriptions) return end('channel.unsubscribe_failed')
    const isOver = clock.now().getTime() - planned.requestedAt.getTime() > GIVEN_UP_AFTER_MS
    const restored = async (): Promise<JobOutcome | null> => {
      const bound = (await accountBindings.find(type, [account])).get(account)
      if (bound === undefined) return null
      const detail = await subscribeAnew(ports, subscriptions, bound, signal)
      return detail === null || isOver ? end('channel.unsubscribe_not_needed') : later(detail)
    }

    const isBound = (await accountBindings.find(type, [account])).has(account)
    if (isBound && planned.askedAt === null) return end('channel.unsubscribe_not_needed')
    if (isBound) return (await restored()) ?? later('the account was let go again')
    if (isOver) {
      log.warn({ orgId, channelId }, 'the platform could not be told that an account is gone')
      return end('channel.unsubscribe_failed')
    }
    // Before the call: whoever comes after a process that died in it has to know that it may have worked.
    await unitOfWork.run(orgId, ({ unsubscriptions }) => unsubscriptions.asked(id, clock.now()))
    const answer = await subscriptions.remove(planned, AbortSignal.any([signal, AbortSignal.timeout(WITHIN_MS)]))
    const instead = await restored()
    if (instead) return instead
    if (answer.status === 'unsubscribed') return end('channel.unsubscribed')
    if (answer.status === 'retry') return later(answer.detail, answer.afterMs)
    log.warn({ orgId, channelId, reason: answer.detail }, 'the platform does not let an account be unsubscribed')
    return end('channel.unsubscribe_failed')
  }

/** Twice as long each time: as long as it has taken so far. */
const waitMs = ({ requestedAt }: Unsubscription, now: Date): number =>
  Math.min(MOST_WAIT_MS, Math.max(LEAST_WAIT_MS, now.getTime() - requestedAt.getTime()))

/** Null once it is; else why it is not. */
async function subscribeAnew(
  { channelAccounts, log }: CorePorts,
  subscriptions: AccountSubscriptions,
  { orgId, channelId }: Awaited<ReturnType<CorePorts['accountBindings']['grantedBy']>>[number],
  signal: AbortSignal,
): Promise<string | null> {
  const account = await channelAccounts.load(orgId, channelId)
  if (account === null) return null
  const answer = await subscriptions.add(account, AbortSignal.any([signal, AbortSignal.timeout(WITHIN_MS)]))
  log.info({ orgId, channelId, status: answer.status }, 'an account that was connected meanwhile was subscribed anew')
  return answer.status === 'subscribed' ? null : answer.detail
}
