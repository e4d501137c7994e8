import type { Surface } from '../core/channel/inbound-event.ts'
import type {
  ChannelId,
  ConversationId,
  ExternalMessageId,
  ExternalUserId,
  MemberId,
  MessageId,
  TicketId,
} from '../core/ids.ts'
import type { MessageFailure } from './views.ts'

/** What agents want the account's reaction to a message to be; what the customer sees of it is among the message's reactions. */
export interface OwnReactionStore {
  /** A message of the ticket's and what the account's reaction to it is; null where there is none. */
  of(ticketId: TicketId, messageId: MessageId): Promise<ReactedMessage | null>
  /** Keeps the wish in place of the one before, with a job that tells the platform. */
  want(
    about: Readonly<{ messageId: MessageId; channelId: ChannelId }>,
    wish: Readonly<{ emoji: string | null; memberId: MemberId; requestId: string; now: Date }>,
  ): Promise<void>
  /** The wish that was refused is given up. */
  forget(messageId: MessageId): Promise<void>
  /** Null for a wish that the platform was told already, or for a message that was taken back. */
  pending(messageId: MessageId): Promise<WantedReaction | null>
  /**
   * False where somebody wants something else meanwhile, or the message was taken back. A later wish that was told already is
   * pending again: the platform may have got it before this one.
   */
  settle(wanted: WantedReaction, outcome: ReactionOutcome, now: Date): Promise<boolean>
}

export type ReactedMessage = Readonly<{
  /** Null where the platform has no such message. */
  externalId: ExternalMessageId | null
  direction: 'INBOUND' | 'OUTBOUND'
  isDeleted: boolean
  /** The last wish; null emoji for none. Null where nobody ever reacted here. */
  wanted: Readonly<{ emoji: string | null; isRefused: boolean }> | null
  /** What the customer sees of the account's. */
  shown: string | null
}>

export type WantedReaction = Readonly<{
  messageId: MessageId
  ticketId: TicketId
  conversationId: ConversationId
  externalId: ExternalMessageId
  person: ExternalUserId
  surface: Surface
  window: Readonly<{ openedAt: Date | null; reason: string | null }>
  emoji: string | null
  revision: number
  requestId: string | null
}>

export type ReactionOutcome = Readonly<{ status: 'SENT' }> | Readonly<{ status: 'FAILED'; failure: MessageFailure }>
