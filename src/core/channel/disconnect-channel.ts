import type { SubscribedAccount } from '../../ports/account-subscriptions.ts'
import type { LoadedAccount } from '../../ports/channel-directory.ts'
import type { CorePorts } from '../../ports/core-ports.ts'
import type { Stores } from '../../ports/unit-of-work.ts'
import { type Actor, by } from '../actor.ts'
import type { ChannelId, UnsubscriptionId } from '../ids.ts'

/** Its secrets go, its history stays. One that was connected by login is unsubscribed at the platform, whenever that answers. */
export const disconnectChannel =
  (ports: CorePorts) =>
  async (actor: Actor, id: ChannelId): Promise<void> => {
    await ports.unitOfWork.run(actor.orgId, async (stores) => {
      await letGo(ports, stores, id)
      await stores.audit.record({
        ...by(actor),
        action: 'channel.disconnected',
        resourceType: 'channel',
        resourceId: id,
      })
    })
    ports.wakeups.wake('jobs')
  }

type Ports = Pick<CorePorts, 'channelRegistry' | 'clock' | 'ids'>

/** The end of a channel, within a transaction of its organization. */
export async function letGo(
  ports: Ports,
  { bindings, channels, unsubscriptions }: Pick<Stores, 'bindings' | 'channels' | 'unsubscriptions'>,
  id: ChannelId,
): Promise<void> {
  const { account, settings, type } = await channels.get(id)
  // A channel without a binding may be of another app: that one's subscription is its owner's affair.
  if (await bindings.holds(id)) {
    const what = { channelId: id, type, account, settings, secrets: await channels.secrets(id) }
    // Somebody may be subscribing it at this moment, and die before they see that it is gone.
    const isCalling = (await bindings.subscribingSince(id)) !== null
    await planUnsubscription(ports, { unsubscriptions }, what, isCalling ? CALL_ENDS_WITHIN_MS : 0)
  }
  await channels.disconnect(id, ports.clock.now())
}

/** Longer than any call that subscribes takes. */
const CALL_ENDS_WITHIN_MS = 60_000

/** With the credentials that the call takes, and no others of the channel's. */
export async function planUnsubscription(
  { channelRegistry, clock, ids }: Ports,
  { unsubscriptions }: Pick<Stores, 'unsubscriptions'>,
  {
    secrets: all,
    channelId,
    type,
    account,
    settings,
  }: Pick<LoadedAccount, 'channelId' | 'type' | keyof SubscribedAccount>,
  afterMs = 0,
): Promise<void> {
  const adapter = channelRegistry.get(type)
  if (!adapter?.subscriptions) return
  const secrets = Object.fromEntries(
    (adapter.settings.credentials ?? []).flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]]])),
  )
  const id = ids.next() as UnsubscriptionId
  await unsubscriptions.plan({ id, channelId, type, account, settings, secrets, requestedAt: clock.now() }, afterMs)
}
