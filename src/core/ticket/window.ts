import type { ChannelCapabilities } from '../channel/capabilities.ts'
import type { Surface } from '../channel/inbound-event.ts'
import { LIVE_COMMENT } from './ticket.ts'

export type ReplyWindow = Readonly<{
  state: 'OPEN' | 'HUMAN_AGENT' | 'CLOSED'
  closesAt: Date | null
  /** Until when a person, never a machine, may answer; null where the channel or the surface has no such time. */
  humanAgentUntil: Date | null
  /** What opened it last, or why it is closed. */
  reason: string
}>

/** The stored facts of a conversation's window; they only move forward. */
export type WindowFacts = Readonly<{ surface: Surface; openedAt: Date | null; reason: string | null }>

/** What a channel's window depends on: what its network allows, and what its own settings make of it. */
export type WindowRules = Readonly<{
  replyWindow: ChannelCapabilities['replyWindow']
  settings: Readonly<Record<string, unknown>>
}>

const HOUR_MS = 3_600_000

const NEVER_OPENED: Readonly<Record<Surface, string>> = {
  DM: 'the customer has not written yet',
  COMMENT: 'there is no comment yet',
  MENTION: 'a mention is answered in the platform’s own app',
}

/** The platform's clock may run ahead of ours: the last minute of a window counts as over where that harms nobody. */
export const CLOCK_MARGIN_MS = 60_000

/** Whether an answer is allowed at `now`; null for a network that has no such rule. */
export function windowOf(facts: WindowFacts, { replyWindow, settings }: WindowRules, now: Date): ReplyWindow | null {
  if (replyWindow === null) return null
  if (facts.openedAt === null) {
    return { state: 'CLOSED', closesAt: null, humanAgentUntil: null, reason: NEVER_OPENED[facts.surface] }
  }
  const opened = facts.openedAt.getTime()
  const hours = hoursOf(facts, replyWindow)
  const closesAt = new Date(opened + hours * HOUR_MS)
  const { humanAgent } = replyWindow
  const isExtended = humanAgent !== null && facts.surface === 'DM' && settings[humanAgent.setting] === true
  const humanAgentUntil = isExtended ? new Date(opened + humanAgent.hours * HOUR_MS) : null
  const window = { closesAt, humanAgentUntil }
  if (now < closesAt) return { ...window, state: 'OPEN', reason: facts.reason ?? 'customer message' }
  const since = facts.surface === 'COMMENT' ? 'the comment' : 'the customer last wrote'
  const isOver = `${hours} hours have passed since ${since}`
  if (humanAgentUntil === null) return { ...window, state: 'CLOSED', reason: isOver }
  return now < humanAgentUntil
    ? { ...window, state: 'HUMAN_AGENT', reason: `${isOver}; a person may still answer` }
    : { ...window, state: 'CLOSED', reason: `${humanAgent?.hours} hours have passed since ${since}` }
}

function hoursOf(
  { surface, reason }: WindowFacts,
  rule: Readonly<{ dmHours: number; commentHours: number; liveCommentHours: number }>,
): number {
  if (surface !== 'COMMENT') return rule.dmHours
  return reason === LIVE_COMMENT ? rule.liveCommentHours : rule.commentHours
}

/** Who wrote an answer: only a person's goes out after the ordinary window. */
export type ReplyAuthor = 'person' | 'automation'

export const allowsReply = (window: ReplyWindow | null, author: ReplyAuthor): boolean =>
  window === null || window.state === 'OPEN' || (window.state === 'HUMAN_AGENT' && author === 'person')

/**
 * Whether an answer that goes out now has to be marked as a person's: once the ordinary window is over, and in its last
 * minute, when the platform's clock may say so already.
 */
export const needsHumanAgent = (facts: WindowFacts, rules: WindowRules, now: Date, author: ReplyAuthor): boolean =>
  author === 'person' &&
  windowOf(facts, rules, now)?.state !== 'CLOSED' &&
  windowOf(facts, rules, new Date(now.getTime() + CLOCK_MARGIN_MS))?.state === 'HUMAN_AGENT'
