import type { ChannelId, RawEventId } from '../core/ids.ts'
import type { RawDelivery } from './webhook-intake.ts'

export type RawEventFilter = Readonly<{
  status?: 'PROCESSED' | 'QUARANTINED'
  /** Why it is put aside now. */
  reason?: string
  /** At or after it. */
  receivedAfter?: Date
  /** Before it. */
  receivedBefore?: Date
}>

/** The last one that was taken, in the order of receipt. */
export type RawEventPosition = Readonly<{ receivedAt: Date; id: RawEventId }>

/** Kept bodies to process again, inside a unit of work of their organization. */
export interface RawEventStore {
  /** Throws `NotFound`. */
  get(channelId: ChannelId, id: RawEventId): Promise<RawDelivery>
  count(channelId: ChannelId, filter: RawEventFilter): Promise<number>
  /** In the order of receipt; those whose content was taken out whole are left out. */
  next(
    channelId: ChannelId,
    filter: RawEventFilter,
    after: RawEventPosition | null,
    limit: number,
  ): Promise<readonly RawDelivery[]>
  /** They were stored after all. */
  markProcessed(ids: readonly RawEventId[], now: Date): Promise<void>
  /** A job of its own goes on after this position. */
  planReplay(plan: Readonly<Record<string, unknown>>): Promise<void>
}
