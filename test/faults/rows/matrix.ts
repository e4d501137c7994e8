import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rowTable, type Titled } from '../../support/titled-rows.ts'

export const DOCUMENT = join(import.meta.dirname, '../../../docs/reliability.md')
/** The only ones that may say so: nothing here publishes through Redis. */
const MAY_NOT_APPLY = ['C2']

export const { rowsOf, titledIn, titledHere, lies, corrected } = rowTable('[ABCDX]\\d+', ({ id, shownBy }) =>
  MAY_NOT_APPLY.includes(id) && shownBy.startsWith('does not apply: ') ? shownBy : null,
)

export const titled = (): Titled => titledHere('test/faults/rows/matrix.test.ts')

// `node test/faults/rows/matrix.ts` writes the last column of the table.
if (import.meta.main) writeFileSync(DOCUMENT, corrected(readFileSync(DOCUMENT, 'utf8'), titled()))
