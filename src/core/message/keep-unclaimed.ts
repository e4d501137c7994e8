import type { ChannelAdapter } from '../../ports/channel-adapter.ts'
import type { CorePorts } from '../../ports/core-ports.ts'
import type { ReadEntry } from '../../ports/unclaimed-entries.ts'
import type { AppDelivery } from '../../ports/webhook-intake.ts'
import type { ExternalAccountId, RawEventId } from '../ids.ts'
import { idsOf, isArrival, redactWith } from './raw-bodies.ts'

export type UnclaimedShare = Readonly<{ delivery: AppDelivery; account: ExternalAccountId; body: Uint8Array }>

/**
 * Keeps what came for accounts that no channel is bound to, each entry by itself, so that what is repeated in other company is
 * known. The dashboard's samples are not kept.
 */
export async function keepUnclaimed(
  { ids, unclaimedEntries }: Pick<CorePorts, 'ids' | 'unclaimedEntries'>,
  { parser, type }: ChannelAdapter,
  shares: readonly UnclaimedShare[],
): Promise<void> {
  const entries = shares.flatMap(({ delivery, account, body }) => {
    const apart = parser.split?.(body, { apart: true })
    if (!apart?.readable) return []
    return apart.shares.flatMap((entry, place): readonly ReadEntry[] => {
      const bytes = new TextEncoder().encode(entry.body)
      const parsed = parser.parse(bytes, { receivedAt: delivery.receivedAt, account, verified: true })
      if (!parsed.readable || parsed.shares.some(({ isTest }) => isTest)) return []
      const events = parsed.shares.flatMap((share) => share.events)
      return [
        {
          id: ids.derive(delivery.id, `${account} ${place}`) as RawEventId,
          ...{ account, body: bytes, receivedAt: delivery.receivedAt, requestId: delivery.requestId },
          worded: idsOf(events.filter((event) => isArrival(event) || event.type === 'edit')),
          takenBack: idsOf(events.filter((event) => event.type === 'unsend')),
        },
      ]
    })
  })
  if (entries.length > 0) await unclaimedEntries.keep(type, entries, redactWith(parser))
}
