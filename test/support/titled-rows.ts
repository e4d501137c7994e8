import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

/** A test may belong to rows of several tables: `A22, S48: what holds`. */
const TITLE = /['"`]([A-Z]\d+(?:, [A-Z]\d+)*): /g

/** One line of a table: `| id | what | shown by |`. */
export type Row = Readonly<{ id: string; what: string; shownBy: string }>
/** By row, the files with a title that begins with its id: `A7, A8: what holds`. */
export type Titled = ReadonlyMap<string, ReadonlySet<string>>

/** A table of a document whose last column names the tests that show each row. */
export type RowTable = Readonly<{
  rowsOf(document: string): readonly Row[]
  titledIn(files: Iterable<readonly [file: string, source: string]>): Titled
  /** Of all test files but one, which speaks of titles that are nobody's. */
  titledHere(but: string): Titled
  /** What the table says that is not so. */
  lies(rows: readonly Row[], titled: Titled): readonly string[]
  /** The table as the tests have it. */
  corrected(document: string, titled: Titled): string
}>

/** `ids` is the pattern of an id; `untested` says what may stand for a row that has no test, and null where nothing may. */
export function rowTable(ids: string, untested: (row: Row) => string | null): RowTable {
  const line = new RegExp(`^\\| (${ids}) \\| (.+?) \\| (.+?) \\|$`, 'gm')
  const own = new RegExp(`^(?:${ids})$`)

  const titledIn: RowTable['titledIn'] = (files) => {
    const found = new Map<string, Set<string>>()
    for (const [file, source] of files) {
      for (const [, list = ''] of source.matchAll(TITLE)) {
        for (const id of list.split(', ').filter((each) => own.test(each)))
          found.set(id, (found.get(id) ?? new Set()).add(file))
      }
    }
    return found
  }
  const cellOf = (row: Row, titled: Titled): string => {
    const files = [...(titled.get(row.id) ?? [])].sort()
    return files.length > 0 ? files.map((file) => `\`${file}\``).join(', ') : (untested(row) ?? 'open')
  }

  return {
    rowsOf: (document) =>
      [...document.matchAll(line)].map(([, id = '', what = '', shownBy = '']) => ({ id, what, shownBy })),
    titledIn,
    titledHere: (but) =>
      titledIn(
        globSync('test/**/*.test.ts', { cwd: ROOT })
          .filter((file) => file !== but)
          .map((file) => [file, readFileSync(join(ROOT, file), 'utf8')] as const),
      ),
    lies: (rows, titled) =>
      rows.flatMap((row) => {
        const isShownBy = cellOf(row, titled)
        return row.shownBy === isShownBy ? [] : [`${row.id} is shown by ${isShownBy}, and not by ${row.shownBy}`]
      }),
    corrected: (document, titled) =>
      document.replace(
        line,
        (_, id, what, shownBy) => `| ${id} | ${what} | ${cellOf({ id, what, shownBy }, titled)} |`,
      ),
  }
}
