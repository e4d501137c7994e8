import test from 'ava'
import fc from 'fast-check'
import type { ExternalMessageId } from '../../src/core/ids.ts'
import { GIVE_UP_AFTER_MS, HOLD_MS, settlementOf } from '../../src/core/message/send-outcome.ts'
import { T0 } from '../builders/events.ts'

const first = { number: 1, firstAt: T0 }
const throttled = { status: 'retry', afterMs: null, pauses: 'account', detail: 'busy' } as const

test('an accepted message is SENT under the platform’s id', (t) => {
  const externalId = 'mid' as ExternalMessageId
  t.deepEqual(settlementOf({ status: 'accepted', externalId }, T0, first, 0), { status: 'SENT', externalId })
})

test('a refusal is FAILED with a sentence for the agent and the platform’s code', (t) => {
  const settlement = settlementOf(
    { status: 'refused', code: 'recipient-unavailable', detail: 'x', platformCode: '551' },
    T0,
    first,
    0,
  )
  t.is(settlement.status, 'FAILED')
  if (settlement.status === 'FAILED') {
    t.like(settlement.failure, { code: 'recipient-unavailable', platformCode: '551', retryable: true })
    t.true(settlement.failure.detail.length > 20)
  }
})

test('doubt holds the conversation for two minutes and is never a retry', (t) => {
  t.deepEqual(settlementOf({ status: 'unknown', detail: 'reset' }, T0, first, 0), {
    status: 'UNKNOWN',
    holdUntil: new Date(T0.getTime() + HOLD_MS),
    detail: 'reset',
  })
})

test('a throttle waits at least as long as the platform asked, and pauses the account', (t) => {
  const property = () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 3_600_000 }),
        fc.integer({ min: 1, max: 40 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (afterMs, number, random) => {
          const settlement = settlementOf({ ...throttled, afterMs }, T0, { number, firstAt: T0 }, random)
          if (settlement.status !== 'QUEUED') return false
          const waited = settlement.notBefore.getTime() - T0.getTime()
          return (
            waited >= afterMs &&
            waited > 0 &&
            settlement.pauseChannelUntil?.getTime() === settlement.notBefore.getTime()
          )
        },
      ),
    )
  t.notThrows(property)
})

test('waiting without a wish of the platform grows, and stays below half an hour', (t) => {
  const waits = [1, 2, 5, 30].map((number) => {
    const settlement = settlementOf(throttled, T0, { number, firstAt: T0 }, 0.5)
    return settlement.status === 'QUEUED' ? settlement.notBefore.getTime() - T0.getTime() : Number.NaN
  })
  t.deepEqual(
    waits,
    [...waits].sort((a, b) => a - b),
  )
  t.true((waits.at(-1) ?? 0) <= 30 * 60_000)
})

test('after hours of throttling a reply is given back to the agent', (t) => {
  const settlement = settlementOf(
    throttled,
    new Date(T0.getTime() + GIVE_UP_AFTER_MS + 1),
    { number: 30, firstAt: T0 },
    0,
  )
  t.is(settlement.status === 'FAILED' && settlement.failure.code, 'gave-up')
})
