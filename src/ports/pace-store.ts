import type { PaceKind, Rate } from '../core/channel/pacing.ts'
import type { ChannelId } from '../core/ids.ts'

/** When an account's next call may begin, shared by all processes; a row for each account and kind, which nobody else waits for. */
export interface PaceStore {
  /**
   * Milliseconds until the turn that was taken; 0 for now. With `reserve` the turn is the caller's, whenever it comes; without,
   * there is none to have before that time, and the caller asks again. The row stays locked until the transaction ends.
   */
  take(channelId: ChannelId, kind: PaceKind, rate: Rate, options: Readonly<{ reserve: boolean }>): Promise<number>
}
