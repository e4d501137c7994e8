import { readdirSync, readFileSync } from 'node:fs'
import test from 'ava'
import { isProblemCode, problemTypes, toProblem } from '../../../src/adapters/http/problem.ts'

const facts = { instance: '/orgs/1/tickets', requestId: 'r-12345678' }

test('a problem tells its code, where it is explained and how to ask about it', (t) => {
  t.deepEqual(toProblem('not-found', { ...facts, detail: 'There is no such ticket.' }), {
    type: '/problems/not-found',
    title: 'Not found',
    status: 404,
    detail: 'There is no such ticket.',
    instance: '/orgs/1/tickets',
    code: 'not-found',
    requestId: 'r-12345678',
    retryable: false,
  })
})

test('without a detail the explanation of the code stands in', (t) => {
  t.is(toProblem('channel-paused', facts).detail, problemTypes['channel-paused'].explanation)
})

test('places, waiting time and further members are there only if given', (t) => {
  const errors = [{ in: 'body', pointer: '/name', code: 'required', detail: 'is required' }] as const
  const problem = toProblem('rate-limited', { ...facts, errors, retryAfterSeconds: 42, extra: { policy: 'auth' } })
  t.like(problem, { errors, retryAfterSeconds: 42, policy: 'auth' })
  t.false('errors' in toProblem('rate-limited', { ...facts, errors: [] }))
  t.false('retryAfterSeconds' in toProblem('rate-limited', facts))
})

test('further members never replace the common ones', (t) => {
  const extra = { status: 200, code: 'fine', type: 'about:blank', requestId: 'forged', detail: 'forged' }
  t.like(toProblem('internal', { ...facts, extra }), {
    status: 500,
    code: 'internal',
    type: '/problems/internal',
    requestId: 'r-12345678',
    detail: problemTypes.internal.explanation,
  })
})

test('codes are kebab-case, and only those of the table are codes', (t) => {
  for (const code of Object.keys(problemTypes)) t.regex(code, /^[a-z]+(-[a-z]+)*$/)
  t.true(isProblemCode('not-found'))
  t.false(isProblemCode('toString'))
})

test('every code has an error status and sentences to read', (t) => {
  for (const [code, { status, title, explanation, fix }] of Object.entries(problemTypes)) {
    t.true(status >= 400 && status < 600, code)
    t.regex(title, /^[A-Z].*[^.]$/, code)
    t.regex(explanation, /^[A-Z].*\.$/, code)
    t.regex(fix, /^[A-Z].*\.$/, code)
  }
})

test('the table is in the order of the status', (t) => {
  const statuses = Object.values(problemTypes).map((type) => type.status)
  t.deepEqual(
    statuses,
    statuses.toSorted((a, b) => a - b),
  )
})

test('every code of the table is answered somewhere', (t) => {
  const root = new URL('../../../src/', import.meta.url)
  const tables = ['adapters/http/problem.ts', 'core/domain-codes.ts']
  const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !tables.includes(path))
    .map((path) => readFileSync(new URL(path, root), 'utf8'))
  const dead = Object.keys(problemTypes).filter((code) => !sources.some((source) => source.includes(`'${code}'`)))
  t.deepEqual(dead, [])
})
