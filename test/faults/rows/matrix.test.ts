import { readFileSync } from 'node:fs'
import test from 'ava'
import type { Row } from '../../support/titled-rows.ts'
import { corrected, DOCUMENT, lies, rowsOf, titled, titledIn } from './matrix.ts'

const numbered = (letter: string, count: number) => Array.from({ length: count }, (_, index) => `${letter}${index + 1}`)
/** Webhook to queue, queue to database, to readers, reply to platform, and across all of it. */
const ROWS = [
  ...numbered('A', 22),
  ...numbered('B', 20),
  ...numbered('C', 6),
  ...numbered('D', 25),
  ...numbered('X', 9),
]

test('the table of docs/reliability.md has every row once, and names exactly the tests that there are', (t) => {
  const rows = rowsOf(readFileSync(DOCUMENT, 'utf8'))
  t.deepEqual(
    rows.map(({ id }) => id),
    ROWS,
  )
  const here = titled()
  t.deepEqual(lies(rows, here), [], 'node test/faults/rows/matrix.ts writes it')
  t.deepEqual(
    [...here.keys()].filter((id) => !ROWS.includes(id)),
    [],
  )
  const open = rows.filter(({ shownBy }) => shownBy === 'open').map(({ id }) => id)
  t.log(open.length === 0 ? 'No row is open.' : `Open: ${open.join(', ')}`)
})

test('a table that says more or less than the tests do is told, and can be written anew', (t) => {
  const row = (id: string, shownBy: string): Row => ({ id, what: 'Something breaks.', shownBy })
  const some = titledIn([
    ['test/one.test.ts', "test('A1, B2: it holds', (t) => {})"],
    ['test/two.test.ts', 'test(`B2: it holds`, (t) => {})'],
  ])
  t.deepEqual(lies([row('A1', '`test/one.test.ts`'), row('B2', '`test/one.test.ts`, `test/two.test.ts`')], some), [])
  t.deepEqual(lies([row('A2', 'open'), row('C2', 'does not apply: there is none')], some), [])
  for (const wrong of [
    row('A1', 'open'),
    row('A2', '`test/one.test.ts`'),
    row('B2', '`test/one.test.ts`'),
    row('A3', 'by looking at it'),
    row('A3', 'does not apply: it is hard'),
  ])
    t.is(lies([wrong], some).length, 1, JSON.stringify(wrong))
  t.is(
    corrected('| A1 | It breaks. | open |\n| A2 | It breaks. | `test/one.test.ts` |\n', some),
    '| A1 | It breaks. | `test/one.test.ts` |\n| A2 | It breaks. | open |\n',
  )
})
