import type { ReplyTarget } from '../../ports/send-store.ts'
import type { ChannelCapabilities } from '../channel/capabilities.ts'
import { ChannelWithdrawn } from '../channel/channel-withdrawn.ts'
import type { Audience } from '../channel/delivery.ts'
import type { Surface } from '../channel/inbound-event.ts'
import { DomainError } from '../errors.ts'
import { factsOfComment } from '../ticket/comment-ticket.ts'
import { allowsReply, type ReplyAuthor, windowOf } from '../ticket/window.ts'

/** Whether an answer is allowed now. Asked when it is queued and again right before it is sent. */
export function checkTarget(
  target: ReplyTarget,
  capabilities: ChannelCapabilities,
  now: Date,
  { author = 'person', audience = 'PRIVATE' }: Readonly<{ author?: ReplyAuthor; audience?: Audience }> = {},
): void {
  if (target.isErasing) {
    throw new DomainError(
      'customer-being-erased',
      'Somebody asked for this customer’s data to go. Nothing is sent any more.',
    )
  }
  if (target.channelStatus === 'DISCONNECTED') {
    throw new DomainError('channel-disconnected', 'The channel of this ticket is disconnected.')
  }
  if (target.isWithdrawn) throw new ChannelWithdrawn()
  if (target.surface === 'COMMENT' && capabilities.privateReplyToComment) {
    if (target.comment === null) throw new DomainError('comment-reply-used', 'There is no comment left to answer.')
    // In public as often as one likes, and whenever.
    if (audience === 'PUBLIC') return
    if (target.comment.answered) {
      throw new DomainError(
        'comment-reply-used',
        `A comment can be answered privately once; this one has been. ${REOPENS.COMMENT}`,
      )
    }
  }
  const { replyWindow } = capabilities
  const window = windowOf(
    target.comment ? factsOfComment(target.comment) : { surface: target.surface, ...target.window },
    { replyWindow, settings: target.settings },
    now,
  )
  if (window !== null && !allowsReply(window, author)) {
    throw new DomainError(
      'messaging-window-closed',
      `The platform takes no reply now: ${window.reason}. ${REOPENS[target.surface]}`,
      {
        extra: {
          closedAt: window.closesAt?.toISOString() ?? null,
          humanAgentUntil: window.humanAgentUntil?.toISOString() ?? null,
        },
      },
    )
  }
}

/** What helps. */
const REOPENS: Readonly<Record<Surface, string>> = {
  DM: 'A new message from the customer opens the window again.',
  COMMENT: 'A new comment from the customer can be answered, and a direct message of theirs opens the way too.',
  MENTION: 'A mention is answered in the platform’s own app; a direct message or a comment of theirs opens a way here.',
}
