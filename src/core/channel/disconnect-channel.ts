import type { CorePorts } from '../../ports/core-ports.ts'
import type { Stores } from '../../ports/unit-of-work.ts'
import type { Actor } from '../actor.ts'
import type { ChannelId, UnsubscriptionId } from '../ids.ts'

/** Its secrets go, its history stays. One that was connected by login is unsubscribed at the platform, whenever that answers. */
export const disconnectChannel =
  (ports: CorePorts) =>
  async (actor: Actor, id: ChannelId): Promise<void> => {
    await ports.unitOfWork.run(actor.orgId, async (stores) => {
      await letGo(ports, stores, id)
      await stores.audit.record({
        actorType: 'MEMBER',
        actorId: actor.memberId,
        action: 'channel.disconnected',
        resourceType: 'channel',
        resourceId: id,
        requestId: actor.requestId,
      })
    })
    ports.wakeups.wake('jobs')
  }

/** The end of a channel, within a transaction of its organization. */
export async function letGo(
  { channelRegistry, clock, ids }: Pick<CorePorts, 'channelRegistry' | 'clock' | 'ids'>,
  { bindings, channels, unsubscriptions }: Pick<Stores, 'bindings' | 'channels' | 'unsubscriptions'>,
  id: ChannelId,
): Promise<void> {
  const { account, settings, type } = await channels.get(id)
  const now = clock.now()
  const adapter = channelRegistry.get(type)
  // A channel without a binding may be of another app: that one's subscription is its owner's affair.
  if (adapter?.subscriptions && (await bindings.holds(id))) {
    const all = await channels.secrets(id)
    const secrets = Object.fromEntries(
      (adapter.settings.credentials ?? []).flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]]])),
    )
    const what = { channelId: id, type, account, settings, secrets }
    await unsubscriptions.plan({ id: ids.next() as UnsubscriptionId, ...what, requestedAt: now })
  }
  await channels.disconnect(id, now)
}
