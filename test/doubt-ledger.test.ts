import test from 'ava'
import type { MessageView, PartView } from '../src/ports/views.ts'
import { countViolations, doubtViolations, type Shown, silenceViolations, type Truth } from './support/doubt-ledger.ts'
import type { Call, Copy } from './support/doubt-shop.ts'

const T0 = new Date('2026-03-01T12:00:00.000Z')
const after = (seconds: number) => new Date(T0.getTime() + seconds * 1_000)

const shownAs = (given: object, message: object = {}): Shown => ({
  message: {
    author: { type: 'MEMBER' },
    audience: 'PRIVATE',
    actions: [],
    failure: null,
    ...message,
  } as unknown as MessageView,
  part: { id: 'part', kind: 'TEXT', content: 'ok', status: 'SENT', externalId: 'a', ...given } as PartView,
  place: 'ann',
})
const call = (given: Partial<Call> = {}): Call => ({
  partId: 'part',
  startedAt: T0,
  endedAt: after(1),
  status: 'accepted',
  externalId: 'a',
  delivered: ['a'],
  ...given,
})
const copy = (given: Partial<Copy> = {}): Copy => ({
  id: 'a',
  text: 'ok',
  place: 'ann',
  at: T0,
  isTyped: false,
  ...given,
})
const truth = (given: Partial<Truth> = {}): Truth => ({
  shown: [shownAs({})],
  calls: [call()],
  copies: [copy()],
  ...given,
})
const inDoubt = shownAs({ status: 'UNKNOWN', externalId: null })
const unanswered = call({ status: 'unknown', externalId: null, delivered: [] })
const elsewhere = shownAs({ id: 'other' }, { author: { type: 'EXTERNAL' } })

// A checker that has never found anything proves nothing.
test('the checker of doubt finds each promise that can be broken, and nothing where none is', (t) => {
  const broken: readonly (readonly [string, Truth])[] = [
    ['delivered 2 times', truth({ calls: [call(), call({ delivered: ['b'] })], copies: [copy(), copy({ id: 'b' })] })],
    ['is not accounted for', truth({ copies: [copy(), copy({ id: 'b' })] })],
    ['is claimed by', truth({ shown: [shownAs({}), shownAs({ id: 'second' })] })],
    ['not on the platform', truth({ shown: [shownAs({ externalId: 'b' })], calls: [] })],
    ["another's id", truth({ copies: [copy({ text: 'yes' })] })],
    ['has an id', truth({ shown: [shownAs({ status: 'FAILED' })] })],
    ['accepted as a', truth({ shown: [inDoubt] })],
    ['left behind', truth({ shown: [shownAs({ status: 'QUEUED', externalId: null })], calls: [] })],
    ['arrived', truth({ shown: [shownAs({ status: 'FAILED', externalId: null })] })],
    ['was never refused', truth({ shown: [shownAs({ status: 'FAILED', externalId: null })], calls: [unanswered] })],
    ['was answered', truth({ shown: [inDoubt], calls: [call({ status: 'refused', delivered: [] })] })],
    ['would prove it', truth({ shown: [inDoubt], calls: [{ ...unanswered, delivered: ['a'] }] })],
    ['were typed elsewhere', truth({ shown: [elsewhere] })],
  ]
  for (const [what, about] of broken)
    t.true(
      doubtViolations(about).some((found) => found.includes(what)),
      what,
    )
  t.deepEqual(doubtViolations(truth()), [])
  t.deepEqual(doubtViolations(truth({ shown: [inDoubt], calls: [unanswered], copies: [] })), [])
  t.deepEqual(doubtViolations(truth({ shown: [elsewhere], calls: [], copies: [copy({ isTyped: true })] })), [])
})

test('it counts what is in the inbox and on the platform', (t) => {
  t.deepEqual(countViolations(truth()), [])
  t.deepEqual(countViolations(truth({ shown: [shownAs({}), inDoubt] })), [])
  t.is(countViolations(truth({ shown: [shownAs({}), elsewhere] })).length, 1)
  t.is(countViolations(truth({ copies: [copy(), copy({ id: 'b' })] })).length, 1)
})

test('it finds what nobody was told of in time, or more than once', (t) => {
  const told = { failure: { code: 'delivery-unknown' }, actions: ['CHECK_AGAIN'] }
  const about = (message: object) =>
    truth({ shown: [shownAs({ status: 'UNKNOWN', externalId: null }, message)], calls: [unanswered] })
  const silence = (message: object, times: number, seconds: number) =>
    silenceViolations(about(message), new Map([['part', times]]), after(seconds))
  t.deepEqual(silence(told, 1, 125), [])
  t.deepEqual(silence({}, 0, 85), [])
  t.is(silence({}, 1, 125).length, 1)
  t.is(silence(told, 0, 125).length, 1)
  t.is(silence(told, 2, 125).length, 1)
})
