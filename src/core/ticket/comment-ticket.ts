import type { AnsweredComment, DirectMessages } from '../../ports/send-store.ts'
import { type ChannelCapabilities, capabilitiesFor, type SurfaceCapabilities } from '../channel/capabilities.ts'
import { LIVE_COMMENT, windowReason } from './ticket.ts'
import { type ReplyWindow, type WindowFacts, type WindowRules, windowOf } from './window.ts'

/** What decides about private words on a COMMENT ticket. */
export type CommentFacts = Readonly<{
  /** What a private reply would answer: the newest comment without an answer, else the newest; null where none is left. */
  comment: Pick<AnsweredComment, 'sentAt' | 'isLive' | 'answered'> | null
  /** The direct messages, once the customer has written some on this ticket. */
  direct: DirectMessages['window'] | null
}>

type Rules = WindowRules & Pick<ChannelCapabilities, 'privateReplyToComment'>

/** What opens the window for an answer to a comment is that comment. */
export const factsOfComment = ({ sentAt, isLive }: Pick<AnsweredComment, 'sentAt' | 'isLive'>): WindowFacts => ({
  surface: 'COMMENT',
  openedAt: sentAt,
  reason: isLive ? LIVE_COMMENT : windowReason('COMMENT', null),
})

const directly = (direct: DirectMessages['window']): WindowFacts => ({ surface: 'DM', ...direct })

/**
 * Whether private words that name no comment are a direct message: once the customer has answered here, unless that window is
 * closed while a comment can still be answered.
 */
export function goesDirectly({ comment, direct }: CommentFacts, rules: Rules, now: Date): boolean {
  if (direct === null) return false
  const isOpen = (facts: WindowFacts) => windowOf(facts, rules, now)?.state !== 'CLOSED'
  if (isOpen(directly(direct))) return true
  return comment === null || isUsed(comment, rules) || !isOpen(factsOfComment(comment))
}

/** Until when the customer can be written to from the ticket, one way or the other; null for a network without such a rule. */
export function windowOfComments(facts: CommentFacts, rules: Rules, now: Date): ReplyWindow | null {
  const { comment, direct } = facts
  if (rules.replyWindow === null) return null
  if (direct !== null && goesDirectly(facts, rules, now)) return windowOf(directly(direct), rules, now)
  if (comment === null) return closed('no comment is left that could be answered')
  if (isUsed(comment, rules)) return closed('every comment here was answered privately, which is possible once')
  return windowOf(factsOfComment(comment), rules, now)
}

/** What can be sent now: under the comments what belongs there, besides it what goes privately. */
export function capabilitiesOnComments(
  facts: CommentFacts,
  capabilities: ChannelCapabilities,
  settings: WindowRules['settings'],
  now: Date,
): SurfaceCapabilities {
  const onComment = capabilitiesFor(capabilities, 'COMMENT', settings)
  if (!goesDirectly(facts, { ...capabilities, settings }, now)) return onComment
  const { publicReply, commentActions } = onComment
  return { ...capabilitiesFor(capabilities, 'DM', settings), publicReply, commentActions }
}

const isUsed = ({ answered }: Pick<AnsweredComment, 'answered'>, { privateReplyToComment }: Rules): boolean =>
  privateReplyToComment && answered

const closed = (reason: string): ReplyWindow => ({ state: 'CLOSED', closesAt: null, humanAgentUntil: null, reason })
