import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { EXPECTED } from './adapters/instagram/expected-events.ts'
import { fixtureNames } from './adapters/instagram/fixtures.ts'
import { collectProofs, coverageDocument } from './coverage/collect-proofs.ts'
import { ROWS } from './coverage/instagram-rows.ts'

const ROOT = join(import.meta.dirname, '..')
const collected = collectProofs(ROOT)

test('each row of the coverage has a test, or says why it has none', (t) => {
  t.deepEqual(collected.problems, [])
})

test('docs/instagram-coverage.md is what the tests say now (npm run coverage:instagram writes it)', (t) => {
  t.is(readFileSync(join(ROOT, 'docs', 'instagram-coverage.md'), 'utf8'), coverageDocument(collected))
})

test('every fixture is in a row, with what it becomes', (t) => {
  const inRows = ROWS.flatMap(({ fixtures = [] }) => fixtures)
  t.deepEqual([...new Set(inRows)].sort(), [...fixtureNames].sort())
  t.deepEqual([...new Set(inRows)].sort(), Object.keys(EXPECTED).sort())
})

test('rows have names of their own', (t) => {
  t.is(new Set(ROWS.map(({ id }) => id)).size, ROWS.length)
})
