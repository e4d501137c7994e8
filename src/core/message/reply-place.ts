import type { AnsweredComment, DirectMessages, ReplyTarget, SendStore } from '../../ports/send-store.ts'
import type { ChannelCapabilities } from '../channel/capabilities.ts'
import type { Audience } from '../channel/delivery.ts'
import type { MessageId } from '../ids.ts'
import { goesDirectly } from '../ticket/comment-ticket.ts'
import { ContentCheck } from './content-check.ts'

/**
 * Where a reply goes. On a COMMENT ticket that is under the comment, privately to who wrote it, or, once they have answered here,
 * among the direct messages: whichever the named message says, else what is possible now.
 */
export async function placeOf(
  sends: SendStore,
  target: ReplyTarget,
  capabilities: ChannelCapabilities,
  { audience, messageId }: Readonly<{ audience: Audience; messageId: MessageId | undefined }>,
  now: Date,
): Promise<ReplyTarget> {
  if (target.surface !== 'COMMENT') return target
  const { direct } = target
  const onComment = (comment: AnsweredComment | null): ReplyTarget =>
    direct === null ? { ...target, comment } : { ...among(target, direct), comment }
  if (messageId !== undefined) {
    const comment = await sends.comment(target, messageId)
    if (comment !== null) return onComment(comment)
    const place = direct?.isAnswered ? directMessage(target, direct) : null
    if (place !== null && (await sends.externalIdOf(place, messageId)) !== null) return place
    return refuseUnknown(target)
  }
  if (audience === 'PUBLIC') return onComment(await sends.newestComment(target))
  const facts = { comment: target.comment, direct: direct?.isAnswered ? direct.window : null }
  const rules = { ...capabilities, settings: target.settings }
  return direct !== null && goesDirectly(facts, rules, now) ? directMessage(target, direct) : onComment(target.comment)
}

/** Where the customer is met now: on a COMMENT ticket among the direct messages once they have written some there. */
export const meetingPlaceOf = (target: ReplyTarget): ReplyTarget =>
  target.direct?.isAnswered ? directMessage(target, target.direct) : target

/** What is written privately is one of the direct messages; it stays on the ticket unless they have an open one of their own. */
const among = (target: ReplyTarget, { conversationId, openTicketId }: DirectMessages): ReplyTarget => ({
  ...target,
  conversationId,
  ticketId: openTicketId ?? target.ticketId,
  linkedTicketId: openTicketId === null ? null : target.ticketId,
  elsewhere: openTicketId === null,
})

const directMessage = (target: ReplyTarget, direct: DirectMessages): ReplyTarget => ({
  ...among(target, direct),
  surface: 'DM',
  window: direct.window,
  comment: null,
})

function refuseUnknown(target: ReplyTarget): ReplyTarget {
  const check = new ContentCheck()
  check.breach({
    code: 'capability-missing',
    pointer: '/replyToMessageId',
    detail: 'It is no comment of this conversation that is still there, nor a direct message on this ticket.',
  })
  check.end()
  return target
}
