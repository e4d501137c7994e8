import type { CorePorts } from '../../ports/core-ports.ts'
import type { Stores } from '../../ports/unit-of-work.ts'
import type { ChannelId, ExternalAccountId } from '../ids.ts'
import { notificationEvents } from '../notification/notification-events.ts'
import { appNamed } from './accept-app-webhook.ts'
import { findChannel } from './find-channel.ts'
import { healthChanged } from './health-changed.ts'

export type WithdrawalInput = Readonly<{
  name: string
  kind: 'deauthorize' | 'data-deletion'
  body: Uint8Array
  requestId: string
}>

export type WithdrawalAnswer =
  | Readonly<{ status: 'unknown-channel' | 'no-secret' | 'bad-signature' }>
  | Readonly<{ status: 'accepted'; receipt: Receipt }>

/** What was done, as the status page says it: how many channels lost their token. */
export type Receipt = Readonly<{ at: Date; connections: number }>

/** Clocks differ, and the platform tells whole seconds. */
const SKEW_MS = 5_000

/**
 * The owner of an account, or the person who granted it, has removed the app at the platform, or wants their data deleted: all
 * channels that rest on that consent end. The token goes at once, with the binding, and the channel waits in NEEDS_REAUTH;
 * replies that were queued fail, and no new ones are taken: nobody has agreed to them. What its customers wrote is the organization's. A
 * request that is older than the token changes nothing: the owner has agreed again since.
 */
export const takeWithdrawal =
  (ports: CorePorts) =>
  async ({ name, kind, body, requestId }: WithdrawalInput): Promise<WithdrawalAnswer> => {
    const { accountBindings, channelRegistry, clock, log, unclaimedEntries, unitOfWork, wakeups } = ports
    const found = appNamed(channelRegistry, name)
    if (!found?.app.signedRequest) return { status: 'unknown-channel' }
    const { adapter, app } = found
    if (app.secrets.length === 0) return { status: 'no-secret' }
    const request = found.app.signedRequest(body)
    if (request === null) return { status: 'bad-signature' }
    const now = clock.now()
    const bound = request.user === null ? [] : await accountBindings.grantedBy(adapter.type, request.user)
    const facts = {
      credentials: adapter.settings.credentials ?? [],
      asked: request.issuedAt ?? now,
      requestId,
      now,
    }
    const ended: ExternalAccountId[] = []
    for (const { orgId, channelId } of bound) {
      // One after the other, each by itself: where one cannot be ended the platform is not told that all was done.
      const account = await unitOfWork.run(orgId, (stores) => withdraw(stores, channelId, facts))
      if (account !== null) ended.push(account)
    }
    const connections = ended.length
    // What came for the account while nobody had it; a person's name is no account's, and matches nothing.
    const named = request.user === null ? [] : [request.user as ExternalAccountId]
    await unclaimedEntries.forgetAccounts(adapter.type, [...named, ...ended], new Date(facts.asked.getTime() + SKEW_MS))
    if (connections > 0) {
      wakeups.wake('events-written')
      // What was queued fails, and says so.
      wakeups.wake('sends')
    }
    log.info({ requestId, kind, connections }, 'the platform told that a consent was withdrawn')
    return { status: 'accepted', receipt: { at: now, connections } }
  }

type Facts = Readonly<{ credentials: readonly string[]; asked: Date; requestId: string; now: Date }>

/** The account whose connection ended; null where none did. */
async function withdraw(
  { audit, bindings, channels, notifications, outbox, tokens }: Stores,
  channelId: ChannelId,
  { credentials, asked, requestId, now }: Facts,
): Promise<ExternalAccountId | null> {
  const channel = await findChannel(channels, channelId)
  if (channel === null) return null
  const age = await tokens.age(channelId)
  if (age !== null && asked.getTime() + SKEW_MS < age.setAt.getTime()) return null
  const noMore = Object.fromEntries(credentials.map((name) => [name, null]))
  await channels.save({ ...channel, status: 'NEEDS_REAUTH', withdrawnAt: now }, noMore, now)
  await bindings.release(channelId)
  await tokens.forget(channelId)
  const about = { resourceType: 'channel', resourceId: channelId }
  await audit.record({ actorType: 'SYSTEM', actorId: null, action: 'channel.withdrawn', ...about, requestId })
  if (channel.status === 'NEEDS_REAUTH') return channel.account
  const told = await notifications.tellAdmins('CHANNEL_NEEDS_REAUTH', channelId, now)
  await outbox.append([
    healthChanged(channelId, { from: channel.status, to: 'NEEDS_REAUTH' }, requestId),
    ...notificationEvents(told, requestId),
  ])
  return channel.account
}
