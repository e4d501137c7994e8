import test from 'ava'
import { instagramCapabilities } from '../../src/adapters/instagram/capabilities.ts'
import {
  allowsReply,
  needsHumanAgent,
  type WindowFacts,
  type WindowRules,
  windowOf,
} from '../../src/core/ticket/window.ts'
import { T0 } from '../builders/events.ts'

const { replyWindow } = instagramCapabilities
const plain = { replyWindow, settings: {} }
const extended = { replyWindow, settings: { humanAgent: true } }
const after = (hours: number, ms = 0) => new Date(T0.getTime() + hours * 3_600_000 + ms)
const DM: WindowFacts = { surface: 'DM', openedAt: T0, reason: 'customer message' }

test('direct messages may be answered for 24 hours, comments for seven days, live ones while a broadcast can last', (t) => {
  for (const [surface, reason, hours] of [
    ['DM', 'customer message', 24],
    ['COMMENT', 'comment', 168],
    ['COMMENT', 'live comment', 4],
  ] as const) {
    const facts = { surface, openedAt: T0, reason }
    t.like(windowOf(facts, plain, after(hours, -1)), { state: 'OPEN', closesAt: after(hours), humanAgentUntil: null })
    t.like(windowOf(facts, plain, after(hours)), { state: 'CLOSED', closesAt: after(hours), humanAgentUntil: null })
  }
})

test('where the channel has it, a person may answer direct messages for seven days, and a machine may not', (t) => {
  t.like(windowOf(DM, extended, after(1)), { state: 'OPEN', closesAt: after(24), humanAgentUntil: after(168) })
  for (const now of [after(24), after(168, -1)]) {
    const window = windowOf(DM, extended, now)
    t.like(window, { state: 'HUMAN_AGENT', closesAt: after(24), humanAgentUntil: after(168) })
    t.true(allowsReply(window, 'person'))
    t.false(allowsReply(window, 'automation'))
  }
  const over = windowOf(DM, extended, after(168))
  t.is(over?.state, 'CLOSED')
  t.false(allowsReply(over, 'person'))
})

test('comments have no such extension, whatever the channel has', (t) => {
  const facts: WindowFacts = { surface: 'COMMENT', openedAt: T0, reason: 'comment' }
  t.like(windowOf(facts, extended, after(169)), { state: 'CLOSED', humanAgentUntil: null })
})

test('an answer is marked as a person’s after the 24 hours and in their last minute, when the platform’s clock may be ahead', (t) => {
  const marked = (now: Date, rules: WindowRules = extended, author: 'person' | 'automation' = 'person') =>
    needsHumanAgent(DM, rules, now, author)
  t.false(marked(after(24, -60_001)))
  t.true(marked(after(24, -60_000)))
  t.true(marked(after(100)))
  t.false(marked(after(168)))
  t.false(marked(after(24, -1), plain))
  t.false(marked(after(100), extended, 'automation'))
})

test('nobody who has not written can be written to', (t) => {
  t.like(windowOf({ ...DM, openedAt: null, reason: null }, extended, T0), { state: 'CLOSED', closesAt: null })
})

test('a network without such a rule has no window', (t) => {
  const window = windowOf({ ...DM, openedAt: null, reason: null }, { replyWindow: null, settings: {} }, T0)
  t.is(window, null)
  t.true(allowsReply(window, 'automation'))
})
