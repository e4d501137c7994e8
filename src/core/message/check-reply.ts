import type { AnsweredComment, ReplyTarget } from '../../ports/send-store.ts'
import type { ChannelCapabilities } from '../channel/capabilities.ts'
import type { Audience } from '../channel/delivery.ts'
import { DomainError } from '../errors.ts'
import { LIVE_COMMENT } from '../ticket/ticket.ts'
import { allowsReply, type ReplyAuthor, windowOf } from '../ticket/window.ts'

/** Whether an answer is allowed now. Asked when it is queued and again right before it is sent. */
export function checkTarget(
  target: ReplyTarget,
  capabilities: ChannelCapabilities,
  now: Date,
  { author = 'person', audience = 'PRIVATE' }: Readonly<{ author?: ReplyAuthor; audience?: Audience }> = {},
): void {
  if (target.channelStatus === 'DISCONNECTED') {
    throw new DomainError('channel-disconnected', 'The channel of this ticket is disconnected.')
  }
  if (target.surface === 'COMMENT' && capabilities.privateReplyToComment) {
    if (target.comment === null) throw new DomainError('comment-reply-used', 'There is no comment left to answer.')
    // In public as often as one likes, and whenever.
    if (audience === 'PUBLIC') return
    if (target.comment.answered) {
      throw new DomainError(
        'comment-reply-used',
        'A comment can be answered privately once; this one has been. A new comment, or a message from the customer, opens the way again.',
      )
    }
  }
  const { replyWindow } = capabilities
  const window = windowOf(
    { surface: target.surface, ...(target.comment ? windowOfComment(target.comment) : target.window) },
    { replyWindow, settings: target.settings },
    now,
  )
  if (window !== null && !allowsReply(window, author)) {
    throw new DomainError(
      'messaging-window-closed',
      `The platform takes no reply now: ${window.reason}. A new message from the customer opens the window again.`,
      {
        extra: {
          closedAt: window.closesAt?.toISOString() ?? null,
          humanAgentUntil: window.humanAgentUntil?.toISOString() ?? null,
        },
      },
    )
  }
}

/** What opens the window for an answer to a comment is that comment. */
const windowOfComment = ({ sentAt, isLive }: AnsweredComment): ReplyTarget['window'] => ({
  openedAt: sentAt,
  reason: isLive ? LIVE_COMMENT : null,
})
