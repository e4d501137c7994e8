import test from 'ava'
import { windowOf } from '../../src/core/ticket/window.ts'
import { T0 } from '../builders/events.ts'

const capabilities = {
  text: { maxBytes: 1000 },
  replyWindow: { dmHours: 24, commentHours: 168, humanAgentHours: 168 },
  privateReplyToComment: true,
}
const after = (hours: number, ms = 0) => new Date(T0.getTime() + hours * 3_600_000 + ms)

test('direct messages may be answered for 24 hours, comments for seven days', (t) => {
  for (const [surface, hours] of [
    ['DM', 24],
    ['COMMENT', 168],
  ] as const) {
    const facts = { surface, openedAt: T0, reason: 'customer message' }
    t.like(windowOf(facts, capabilities, after(hours, -1)), { state: 'OPEN', closesAt: after(hours) })
    t.like(windowOf(facts, capabilities, after(hours)), { state: 'CLOSED', closesAt: after(hours) })
  }
})

test('nobody who has not written can be written to', (t) => {
  t.like(windowOf({ surface: 'DM', openedAt: null, reason: null }, capabilities, T0), {
    state: 'CLOSED',
    closesAt: null,
  })
})

test('a network without such a rule has no window', (t) => {
  t.is(windowOf({ surface: 'DM', openedAt: null, reason: null }, { ...capabilities, replyWindow: null }, T0), null)
})
