import type { ChannelId, TicketId } from '../core/ids.ts'
import type { Media } from './channel-adapter.ts'

export interface MediaStore {
  /**
   * Keeps what the platform told of a post; null for one that is gone. Answers the tickets that are not resolved and show it
   * now in another way, a bounded number of them.
   */
  save(channelId: ChannelId, mediaId: string, media: Media | null, now: Date): Promise<readonly TicketId[]>
}
