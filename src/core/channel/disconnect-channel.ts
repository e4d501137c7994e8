import type { CorePorts } from '../../ports/core-ports.ts'
import type { Actor } from '../actor.ts'
import type { ChannelId } from '../ids.ts'

/** Its secrets go, its history stays. */
export const disconnectChannel =
  ({ clock, unitOfWork }: Pick<CorePorts, 'clock' | 'unitOfWork'>) =>
  (actor: Actor, id: ChannelId): Promise<void> =>
    unitOfWork.run(actor.orgId, async ({ channels, audit }) => {
      await channels.get(id)
      await channels.disconnect(id, clock.now())
      await audit.record({
        actorType: 'MEMBER',
        actorId: actor.memberId,
        action: 'channel.disconnected',
        resourceType: 'channel',
        resourceId: id,
        requestId: actor.requestId,
      })
    })
