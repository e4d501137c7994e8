import type { LoadedAccount } from '../../ports/channel-directory.ts'
import type { CorePorts } from '../../ports/core-ports.ts'
import type { Stores } from '../../ports/unit-of-work.ts'
import type { PauseReason } from '../../ports/views.ts'
import type { ChannelId } from '../ids.ts'
import type { Demand } from './delivery.ts'
import { healthChanged } from './health-changed.ts'

export type Pause = Readonly<{ until: Date; reason: PauseReason }>

/** How long a demand of the network holds, the longest of its kind; null for none. */
export function pauseOf(demands: readonly Demand[], pauses: Demand['pauses'], now: Date): Pause | null {
  const [longest] = demands.filter((demand) => demand.pauses === pauses).sort((a, b) => b.afterMs - a.afterMs)
  return longest ? { until: new Date(now.getTime() + longest.afterMs), reason: longest.reason } : null
}

/**
 * Calls through the account's app wait, whoever's they are: all organizations share it, so it belongs to none of them. A
 * restriction is told to the one whose call met it, once: answers the pause where that is to be done (`tellRestricted`).
 */
export async function pauseApp(
  { sendLanes }: Pick<CorePorts, 'sendLanes'>,
  { app }: Pick<LoadedAccount, 'app'>,
  pause: Pause | null,
): Promise<Pause | null> {
  if (app === null || pause === null) return null
  const isNew = await sendLanes.pauseApp(app, pause.until, pause.reason)
  return isNew && pause.reason === 'restricted' ? pause : null
}

/** The account's own calls wait. A restriction is told: it lasts for hours, and somebody may be able to lift it. */
export async function pauseChannel(
  { channels, outbox }: Pick<Stores, 'channels' | 'outbox'>,
  { channelId }: Pick<LoadedAccount, 'channelId'>,
  pause: Pause,
  requestId: string | null,
): Promise<void> {
  const isNew = await channels.pause(channelId, pause)
  if (isNew && pause.reason === 'restricted') await tellRestricted({ outbox }, channelId, pause, requestId)
}

export const tellRestricted = (
  { outbox }: Pick<Stores, 'outbox'>,
  channelId: ChannelId,
  { reason, until }: Pause,
  requestId: string | null,
): Promise<void> =>
  outbox.append([healthChanged(channelId, { pauseReason: reason, pausedUntil: until.toISOString() }, requestId)])

/** What the network demanded beside its answer to a look-up. */
export async function meetDemands(
  ports: Pick<CorePorts, 'sendLanes' | 'unitOfWork' | 'clock'>,
  account: LoadedAccount,
  demands: readonly Demand[] = [],
): Promise<void> {
  if (demands.length === 0) return
  const now = ports.clock.now()
  const told = await pauseApp(ports, account, pauseOf(demands, 'app', now))
  const pause = pauseOf(demands, 'account', now)
  if (!told && !pause) return
  await ports.unitOfWork.run(account.orgId, async (stores) => {
    if (told) await tellRestricted(stores, account.channelId, told, null)
    if (pause) await pauseChannel(stores, account, pause, null)
  })
}
