import type { ChannelCapabilities } from '../channel/capabilities.ts'
import type { Surface } from '../channel/inbound-event.ts'

export type ReplyWindow = Readonly<{
  state: 'OPEN' | 'HUMAN_AGENT' | 'CLOSED'
  closesAt: Date | null
  humanAgentUntil: Date | null
  /** What opened it last, or why it is closed. */
  reason: string
}>

/** The stored facts of a conversation's window; they only move forward. */
export type WindowFacts = Readonly<{ surface: Surface; openedAt: Date | null; reason: string | null }>

const HOUR_MS = 3_600_000

/** Whether an answer is allowed at `now`; null for a network that has no such rule. */
export function windowOf(facts: WindowFacts, capabilities: ChannelCapabilities, now: Date): ReplyWindow | null {
  const rule = capabilities.replyWindow
  if (rule === null) return null
  if (facts.openedAt === null) {
    return { state: 'CLOSED', closesAt: null, humanAgentUntil: null, reason: 'the customer has not written yet' }
  }
  const hours = facts.surface === 'COMMENT' ? rule.commentHours : rule.dmHours
  const closesAt = new Date(facts.openedAt.getTime() + hours * HOUR_MS)
  const open = now < closesAt
  return {
    state: open ? 'OPEN' : 'CLOSED',
    closesAt,
    humanAgentUntil: null,
    reason: open ? (facts.reason ?? 'customer message') : `${hours} hours have passed since the customer last wrote`,
  }
}
