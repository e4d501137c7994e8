import test from 'ava'
import { atRest } from './at-rest.ts'
import type { Evidence } from './checker.ts'
import { trueRun } from './true-run.ts'

const whole = trueRun(1, 1, [{ kind: 'message', person: 0, answers: [200] }])
const ofSnapshot = (more: Partial<Evidence['snapshot']>): Evidence => ({
  ...whole,
  snapshot: { ...whole.snapshot, ...more },
})
const waiting = ofSnapshot({ queues: [{ queue: 'inbound', messages: 1, consumers: 1, isDead: false }] })
const missing = ofSnapshot({ messages: [], parts: [], notifications: [] })

/** Each look shows the next of these; the last one for good. */
const looks = (...seen: readonly (Evidence | Error)[]) => {
  let count = 0
  const look = async (): Promise<Evidence> => {
    const one = seen[Math.min(count++, seen.length - 1)] as Evidence | Error
    if (one instanceof Error) throw one
    return one
  }
  return { look, count: () => count }
}

test('what still waits is waited for, and so are servers that are coming back', async (t) => {
  const { look, count } = looks(new Error('starting up'), waiting, missing, whole)
  t.deepEqual((await atRest(look)).violations, [])
  t.is(count(), 4)
})

test('what is missing is lost once it has been missing for a while', async (t) => {
  const { look } = looks(waiting, missing)
  t.is((await atRest(look, { missingForMs: 600 })).lost, 2)
})

test('what gets less is waited for, however long it takes', async (t) => {
  const some = (messages: number) =>
    ofSnapshot({ queues: [{ queue: 'inbound', messages, consumers: 1, isDead: false }] })
  const { look, count } = looks(some(4), some(3), some(2), some(1), whole)
  t.deepEqual((await atRest(look, { stillForMs: 600 })).violations, [])
  t.is(count(), 5)
})

test('what never comes to rest is judged as it is, and servers that never come back are told of', async (t) => {
  t.is((await atRest(looks(waiting).look, { stillForMs: 300 })).stuck, 1)
  await t.throwsAsync(atRest(looks(new Error('gone')).look, { stillForMs: 300 }), { message: 'gone' })
})
