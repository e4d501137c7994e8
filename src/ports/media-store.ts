import type { ChannelId, CustomerId, ExternalMessageId, MessageId, TicketId } from '../core/ids.ts'
import type { Media, Mention } from './channel-adapter.ts'

export interface MediaStore {
  /**
   * Keeps what the platform told of a post; null for one that is gone, of which permalink and caption stay. Answers the tickets that are not resolved and show it
   * now in another way, a bounded number of them.
   */
  save(channelId: ChannelId, mediaId: string, media: Media | null, now: Date): Promise<readonly TicketId[]>
  /** Fills in a message of which only the place was known; null where it is not there any more. */
  saveMention(
    channelId: ChannelId,
    externalId: ExternalMessageId,
    mention: Mention,
    now: Date,
  ): Promise<Readonly<{ messageId: MessageId; ticketId: TicketId; customerId: CustomerId }> | null>
}
