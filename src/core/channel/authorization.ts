import type { LoadedAccount } from '../../ports/channel-directory.ts'
import type { ChannelRecord } from '../../ports/channel-store.ts'
import type { Stores } from '../../ports/unit-of-work.ts'
import type { Actor } from '../actor.ts'
import type { ChannelId } from '../ids.ts'
import { notificationEvents } from '../notification/notification-events.ts'
import { healthChanged } from './health-changed.ts'

type Told = Pick<Stores, 'channels' | 'audit' | 'outbox' | 'notifications'>
type Saving = Pick<Stores, 'channels' | 'audit' | 'outbox' | 'tokens'>
type Circumstances = Readonly<{
  /** Whether the administrators are told: for a token that the network has revoked, not for one that only needs a new session. */
  alert: boolean
  requestId: string | null
  now: Date
}>

/**
 * The network no longer accepts the channel's token. Sending and looking up wait; what comes in still does. Changes nothing
 * about a channel that is not ACTIVE: one that waits already is told of once, and one that somebody paused stays as they left it,
 * until its first call after that. Nor about one that was changed since the call's account was loaded: it may have a new token.
 * Answers whether it changed; call `wakeups.wake('events-written')` after the commit then.
 */
export async function loseAuthorization(
  stores: Told,
  { channelId, version }: Pick<LoadedAccount, 'channelId' | 'version'>,
  { alert, requestId, now }: Circumstances,
): Promise<boolean> {
  const channel = await stores.channels.get(channelId)
  if (channel.status !== 'ACTIVE' || channel.version !== version) return false
  await stores.channels.save({ ...channel, status: 'NEEDS_REAUTH' }, {}, now)
  await stores.audit.record({ ...by(null, requestId), action: 'channel.needs_reauth', ...about(channelId) })
  const told = alert ? await stores.notifications.tellAdmins('CHANNEL_NEEDS_REAUTH', channelId, now) : []
  await stores.outbox.append([
    healthChanged(channelId, { from: 'ACTIVE', to: 'NEEDS_REAUTH' }, requestId),
    ...notificationEvents(told, requestId),
  ])
  return true
}

/**
 * Saves a channel that has a new token, by hand, by connecting the account again or by prolonging the old one: one that needed it is ACTIVE, and
 * what waited goes out, or fails for what it is by now. Call `wakeups.wake('sends')` after the commit.
 */
export async function saveWithToken(
  stores: Saving,
  channel: ChannelRecord,
  secrets: Readonly<Record<string, string | null>>,
  actor: Readonly<{ memberId: Actor['memberId'] | null; requestId: string | null }>,
  now: Date,
  /** Of the new token; null where only the channel goes on, with the token it has. */
  end: Readonly<{ expiresAt: Date | null }> | null,
): Promise<void> {
  const { status } = await stores.channels.get(channel.id)
  const needed = channel.status === 'NEEDS_REAUTH'
  const after = end === null ? channel : { ...channel, withdrawnAt: null }
  await stores.channels.save(needed ? { ...after, status: 'ACTIVE' } : after, secrets, now)
  if (end !== null) await stores.tokens.set(channel.id, { setAt: now, expiresAt: end.expiresAt })
  if (status !== 'NEEDS_REAUTH') return
  const { memberId, requestId } = actor
  await stores.audit.record({ ...by(memberId, requestId), action: 'channel.reauthorized', ...about(channel.id) })
  const change = { from: status, to: needed ? 'ACTIVE' : channel.status } as const
  const who = { type: memberId === null ? 'SYSTEM' : 'MEMBER', id: memberId } as const
  await stores.outbox.append([healthChanged(channel.id, change, requestId, who)])
}

const by = (memberId: Actor['memberId'] | null, requestId: string | null) =>
  ({ actorType: memberId === null ? 'SYSTEM' : 'MEMBER', actorId: memberId, requestId }) as const

const about = (channelId: ChannelId) => ({ resourceType: 'channel', resourceId: channelId })
