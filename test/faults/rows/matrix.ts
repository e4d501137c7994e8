import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../../..')
export const DOCUMENT = join(ROOT, 'docs/reliability.md')
/** It speaks of titles that are nobody's. */
const MATRIX_TEST = 'test/faults/rows/matrix.test.ts'
/** The only ones that may say so: nothing here publishes through Redis. */
const MAY_NOT_APPLY = ['C2']
const ROW = /^\| ([A-DX]\d+) \| (.+?) \| (.+?) \|$/gm
const DOES_NOT_APPLY = 'does not apply: '

export type Row = Readonly<{ id: string; fault: string; shownBy: string }>
/** By row, the files with a title that begins with its id: `A7, A8: what holds`. */
export type Titled = ReadonlyMap<string, ReadonlySet<string>>

export const rowsOf = (document: string): readonly Row[] =>
  [...document.matchAll(ROW)].map(([, id = '', fault = '', shownBy = '']) => ({ id, fault, shownBy }))

export function titledIn(files: Iterable<readonly [file: string, source: string]>): Titled {
  const found = new Map<string, Set<string>>()
  for (const [file, source] of files) {
    for (const [, ids = ''] of source.matchAll(/['"`]((?:[ABCDX]\d+)(?:, [ABCDX]\d+)*): /g)) {
      for (const id of ids.split(', ')) found.set(id, (found.get(id) ?? new Set()).add(file))
    }
  }
  return found
}

export const titledHere = (): Titled =>
  titledIn(
    globSync('test/**/*.test.ts', { cwd: ROOT })
      .filter((file) => file !== MATRIX_TEST)
      .map((file) => [file, readFileSync(join(ROOT, file), 'utf8')] as const),
  )

/** What the table says that is not so. */
export const lies = (rows: readonly Row[], titled: Titled): readonly string[] =>
  rows.flatMap(({ id, shownBy }) => {
    if (shownBy.startsWith(DOES_NOT_APPLY) && !MAY_NOT_APPLY.includes(id)) return [`${id} does apply`]
    const isShownBy = cellOf(id, shownBy, titled)
    return shownBy === isShownBy ? [] : [`${id} is shown by ${isShownBy}, and not by ${shownBy}`]
  })

/** The table as the tests have it. */
export const corrected = (document: string, titled: Titled): string =>
  document.replace(ROW, (_, id, fault, shownBy) => `| ${id} | ${fault} | ${cellOf(id, shownBy, titled)} |`)

function cellOf(id: string, shownBy: string, titled: Titled): string {
  const files = [...(titled.get(id) ?? [])].sort()
  if (files.length > 0) return files.map((file) => `\`${file}\``).join(', ')
  return MAY_NOT_APPLY.includes(id) && shownBy.startsWith(DOES_NOT_APPLY) ? shownBy : 'open'
}

// `node test/faults/rows/matrix.ts` writes the last column of the table.
if (import.meta.main) writeFileSync(DOCUMENT, corrected(readFileSync(DOCUMENT, 'utf8'), titledHere()))
