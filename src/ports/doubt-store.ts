import type { Audience } from '../core/channel/delivery.ts'
import type { PartContent } from '../core/channel/outbound-content.ts'
import type {
  ChannelId,
  ConversationId,
  CustomerId,
  ExternalMessageId,
  ExternalUserId,
  MessageId,
  PartId,
  TicketId,
} from '../core/ids.ts'
import type { InFlight } from './intake-store.ts'
import type { MessageChange } from './send-store.ts'

/** A part of a reply of which nobody knows whether it arrived. */
export type Doubt = Readonly<{
  partId: PartId
  messageId: MessageId
  ticketId: TicketId
  channelId: ChannelId
  conversationId: ConversationId
  customerId: CustomerId
  person: ExternalUserId
  content: PartContent | null
  audience: Audience
  /** The top-level comment under which a public reply is. */
  topLevelId: ExternalMessageId | null
  /** The comment that it answers, or the message that it answers. */
  replyToExternalId: ExternalMessageId | null
  /** Since its last attempt ended without an answer. */
  since: Date
}>

/** Replies in doubt: finding out what became of them. */
export interface DoubtStore {
  /** Null for a part that is not in doubt (any more). */
  part(id: PartId): Promise<Doubt | null>
  /** Of one message, in the order of its parts. */
  ofMessage(id: MessageId): Promise<readonly Doubt[]>
  /** Notes that readers are told of it; null where they were told of this doubt, or where it is not in doubt (any more). */
  unconfirmed(id: PartId, now: Date): Promise<Pick<Doubt, 'messageId' | 'ticketId'> | null>
  /** Looks into it again, by a job of its own. */
  checkLater(about: Pick<Doubt, 'partId' | 'channelId'>, afterMs: number): Promise<void>
  /**
   * Locks what proving changes. What is under way to the customer or in doubt, in the order of its beginning, and which of these
   * platform ids belong to no message that is stored.
   */
  open(
    about: Pick<Doubt, 'channelId' | 'conversationId' | 'customerId' | 'audience'>,
    externalIds: readonly ExternalMessageId[],
  ): Promise<Readonly<{ inFlight: readonly InFlight[]; free: ReadonlySet<ExternalMessageId> }>>
  /** The part is with the platform under this id: SENT, until an answer of the platform's says otherwise. */
  prove(
    channelId: ChannelId,
    proof: Readonly<{ inFlight: InFlight; conversationId: ConversationId; externalId: ExternalMessageId }>,
    now: Date,
  ): Promise<MessageChange>
  /** The reply that somebody sent in place of this one; null where nobody did. */
  sentAgainAs(id: MessageId): Promise<MessageId | null>
}
