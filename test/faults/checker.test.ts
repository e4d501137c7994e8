import test from 'ava'
import fc from 'fast-check'
import { brokenIn, check, countsOf, VIOLATION_KINDS } from './harness/checker.ts'
import { CORRUPTIONS } from './harness/corruptions.ts'
import type { Spoilable } from './harness/spoil.ts'
import { type Step, trueRun } from './harness/true-run.ts'

const PEOPLE = 3
const person = fc.nat(PEOPLE - 1)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('message' as const),
      person,
      answers: fc.array(fc.constantFrom(200 as const, 503 as const, null), { minLength: 1, maxLength: 4 }),
      isTyped: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('poison' as const), person }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('reply' as const),
      person,
      lostAnswers: fc.nat(2),
      becomes: fc.constantFrom('SENT', 'FAILED', 'UNKNOWN', 'TOLD', 'RESENT'),
    }),
  },
)
const runOf = (minLength: number) =>
  fc.record({ organizations: fc.integer({ min: 1, max: 3 }), steps: fc.array(step, { minLength, maxLength: 25 }) })

test('a run that keeps all promises has no violation, and its counts are what happened', (t) => {
  fc.assert(
    fc.property(runOf(1), ({ organizations, steps }) => {
      const verdict = check(trueRun(organizations, PEOPLE, steps))
      t.deepEqual(brokenIn(verdict), [])
      const delivered = steps.filter(({ kind }) => kind !== 'reply')
      const taken = delivered.filter(
        (one) => one.kind === 'poison' || (one.kind === 'message' && one.answers.includes(200)),
      )
      const poison = delivered.filter(({ kind }) => kind === 'poison').length
      t.like(verdict, {
        attempted: delivered.length,
        acknowledged: taken.length,
        stored: taken.length - poison,
        quarantined: poison,
        ...Object.fromEntries(VIOLATION_KINDS.map((kind) => [kind, 0])),
      })
    }),
  )
})

for (const { name, kind, spoil } of CORRUPTIONS) {
  test(`${kind}: ${name}`, (t) => {
    let spoiled = 0
    fc.assert(
      fc.property(runOf(12), fc.nat(), ({ organizations, steps }, choice) => {
        const evidence = structuredClone(trueRun(organizations, PEOPLE, steps)) as Spoilable
        if (!spoil(evidence, (items) => items[choice % Math.max(1, items.length)])) return
        spoiled += 1
        const verdict = check(evidence)
        t.deepEqual([...new Set(verdict.violations.map((violation) => violation.kind))], [kind], countsOf(verdict))
        t.true(verdict[kind] > 0)
      }),
    )
    t.true(spoiled > 10, `${spoiled} runs had something to spoil`)
  })
}

test('every kind of violation is among what is tried', (t) => {
  t.deepEqual([...new Set(CORRUPTIONS.map(({ kind }) => kind))].sort(), [...VIOLATION_KINDS].sort())
})

test('the same evidence gives the same verdict, and two replies with one text are no evidence', (t) => {
  const reply: Step = { kind: 'reply', person: 0, lostAnswers: 1, becomes: 'SENT' }
  const evidence = trueRun(1, 1, [{ kind: 'message', person: 0, answers: [503, 200] }, reply])
  t.deepEqual(check(structuredClone(evidence)), check(evidence))
  t.regex(
    countsOf(check(evidence), 7),
    /^attempted 1, acknowledged 1, stored 1, quarantined 0, lost 0, duplicated 0, reordered 0, stuck 0, unexpected 0, .*, seed 7$/,
  )
  const { replies } = evidence.history
  t.throws(() => check({ ...evidence, history: { ...evidence.history, replies: [...replies, ...replies] } }))
})
