import type { CorePorts } from '../../ports/core-ports.ts'
import type { JobOutcome } from '../../ports/job-queue.ts'
import type { ChannelId, OrgId } from '../ids.ts'
import { planUnsubscription } from './disconnect-channel.ts'
import { findChannel } from './find-channel.ts'

/** `since` names the binding: another login brings a job of its own. */
export type SubscribeJob = Readonly<{ orgId: OrgId; channelId: ChannelId; since: string }>

const WITHIN_MS = 20_000
const LEAST_WAIT_MS = 60_000
const MOST_WAIT_MS = 3_600_000

/**
 * Has the platform deliver the events of an account that was bound, where whoever bound it did not get so far: tries until it
 * does, and stops where the channel is let go or bound anew. A channel that goes during the call is unsubscribed again.
 */
export const subscribe =
  (ports: CorePorts) =>
  async ({ orgId, channelId, since }: SubscribeJob, signal: AbortSignal): Promise<JobOutcome> => {
    const { channelAccounts, channelRegistry, clock, log, unitOfWork } = ports
    const wanted = new Date(since)
    const isWanted = await unitOfWork.run(
      orgId,
      async ({ bindings }) => (await bindings.subscribingSince(channelId))?.getTime() === wanted.getTime(),
    )
    const account = isWanted ? await channelAccounts.load(orgId, channelId) : null
    const subscriptions = account && channelRegistry.get(account.type)?.subscriptions
    if (!account || !subscriptions) return { status: 'done' }
    const later = (reason: string): JobOutcome => ({ status: 'wait', afterMs: waitMs(wanted, clock.now()), reason })
    if (account.status === 'NEEDS_REAUTH') return later('the channel needs another access token')
    const answer = await subscriptions.add(account, AbortSignal.any([signal, AbortSignal.timeout(WITHIN_MS)]))
    if (answer.status === 'failed')
      log.warn({ orgId, channelId, reason: answer.detail }, 'an account waits to be subscribed')
    const isHere = await unitOfWork.run(orgId, async (stores) => {
      const channel = await findChannel(stores.channels, channelId)
      if (channel === null) await planUnsubscription(ports, stores, account)
      else if (answer.status === 'subscribed' && (await stores.bindings.subscribed(channelId, wanted))) {
        const about = { resourceType: 'channel', resourceId: channelId, requestId: null }
        await stores.audit.record({ actorType: 'SYSTEM', actorId: null, action: 'channel.subscribed', ...about })
      }
      return channel !== null
    })
    if (!isHere) ports.wakeups.wake('jobs')
    return isHere && answer.status === 'failed' ? later(answer.detail) : { status: 'done' }
  }

/** Twice as long each time: as long as it has taken so far. */
const waitMs = (since: Date, now: Date): number =>
  Math.min(MOST_WAIT_MS, Math.max(LEAST_WAIT_MS, now.getTime() - since.getTime()))
