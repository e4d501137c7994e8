import test from 'ava'
import fc from 'fast-check'
import type { ExternalMessageId } from '../../src/core/ids.ts'
import { demandsOf, GIVE_UP_AFTER_MS, HOLD_MS, settlementOf } from '../../src/core/message/send-outcome.ts'
import { T0 } from '../builders/events.ts'

const first = { number: 1, firstAt: T0, refusals: [] }
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
          const settlement = settlementOf({ ...throttled, afterMs }, T0, { ...first, number }, random)
          if (settlement.status !== 'QUEUED') return false
          const waited = settlement.notBefore.getTime() - T0.getTime()
          return (
            waited >= afterMs &&
            waited > 0 &&
            demandsOf({ ...throttled, afterMs }, settlement, T0)[0]?.afterMs === waited
          )
        },
      ),
    )
  t.notThrows(property)
})

test('waiting without a wish of the platform grows, and stays below half an hour', (t) => {
  const waits = [1, 2, 5, 30].map((number) => {
    const settlement = settlementOf(throttled, T0, { ...first, number }, 0.5)
    return settlement.status === 'QUEUED' ? settlement.notBefore.getTime() - T0.getTime() : Number.NaN
  })
  t.deepEqual(
    waits,
    [...waits].sort((a, b) => a - b),
  )
  t.true((waits.at(-1) ?? 0) <= 30 * 60_000)
})

test('after hours of throttling a reply is given back to the agent', (t) => {
  const settlement = settlementOf(throttled, new Date(T0.getTime() + GIVE_UP_AFTER_MS + 1), { ...first, number: 30 }, 0)
  t.is(settlement.status === 'FAILED' && settlement.failure.code, 'gave-up')
})

test('what may be tried once or twice more is tried so often, and other refusals in between do not count', (t) => {
  const bounded = {
    status: 'retry',
    afterMs: null,
    pauses: 'message',
    detail: 'no picture',
    platformCode: '100/2018008',
    bound: { retries: 2, code: 'media-refused' },
  } as const
  const after = (...refusals: string[]) => {
    const settlement = settlementOf(bounded, T0, { number: refusals.length + 1, firstAt: T0, refusals }, 0)
    return settlement.status === 'FAILED' ? settlement.failure.code : settlement.status
  }
  t.is(after(), 'QUEUED')
  t.is(after('613', '100/2018008', '613'), 'QUEUED')
  t.is(after('100/2018008', '100/2018008'), 'media-refused')
})
