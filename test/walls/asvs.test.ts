import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { ASVS_IDS } from './asvs-ids.ts'

const ROOT = join(import.meta.dirname, '../..')
const document = readFileSync(join(ROOT, 'docs/asvs.md'), 'utf8')

/** `| id | what it asks | where | test |` */
type Row = Readonly<{ id: string; asks: string; where: string; test: string }>

const rowsOf = (text: string): readonly Row[] =>
  text
    .split('\n')
    .filter((line) => /^\| *V\d/.test(line))
    .map((line) => {
      const [id = '', asks = '', where = '', shown = '', ...more] = line
        .slice(1, line.endsWith('|') ? -1 : undefined)
        .split('|')
        .map((cell) => cell.trim())
      return { id, asks, where, test: more.length === 0 ? shown : '' }
    })

type Kind = 'kept' | 'kept without a test' | 'does not apply' | 'open'

function kindOf({ where, test: shown }: Row): Kind {
  if (where.startsWith('does not apply: ')) return 'does not apply'
  if (where.startsWith('open: ')) return 'open'
  return /\bopen: /.test(shown) ? 'kept without a test' : 'kept'
}

const filesIn = (cell: string): readonly string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, file = '']) => file)

/** Sections of documents that a cell names: `docs/x.md` ("Heading"). */
const sectionsIn = (cell: string) =>
  [...cell.matchAll(/`([^`]+\.md)` \("([^"]+)"\)/g)].map(([, file = '', heading = '']) => ({ file, heading }))

/** What is wrong with the form of a row; nothing where it is right. */
function faultsOf(row: Row): readonly string[] {
  const { id, asks, where, test: shown } = row
  const faults: string[] = []
  if ([asks, where, shown].some((cell) => cell === '')) faults.push('has an empty cell, or one too many')
  const kind = kindOf(row)
  if (kind === 'does not apply' && shown !== '–') faults.push('does not apply, and names a test')
  if (kind.startsWith('kept')) {
    if (filesIn(where).length === 0) faults.push('is kept by no file')
    const proves = filesIn(shown).some((file) => file.startsWith('test/')) || kind === 'kept without a test'
    if (!proves && shown !== 'by reading') faults.push('is shown by no test, nor by reading')
  }
  for (const file of filesIn(shown)) if (!/^test\/.*\.test\.ts$/.test(file)) faults.push(`is shown by ${file}, no test`)
  for (const file of filesIn(where + shown)) {
    if (!existsSync(join(ROOT, file))) faults.push(`names ${file}, which is not there`)
  }
  for (const { file, heading } of sectionsIn(where)) {
    const lines = existsSync(join(ROOT, file)) ? readFileSync(join(ROOT, file), 'utf8').split('\n') : []
    if (!lines.some((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading))
      faults.push(`names the section ${heading}, which ${file} has not`)
  }
  return faults.map((fault) => `${id} ${fault}`)
}

test('the table of docs/asvs.md has every requirement of levels 1 and 2 once, and nothing in it is empty or gone', (t) => {
  const rows = rowsOf(document)
  t.deepEqual(
    rows.map(({ id }) => id),
    ASVS_IDS,
  )
  t.deepEqual(rows.flatMap(faultsOf), [])
  const kinds = Map.groupBy(rows, kindOf)
  const count = (kind: Kind) => kinds.get(kind)?.length ?? 0
  t.log(
    `${rows.length} requirements: ${count('kept')} kept, ${count('kept without a test')} kept without a test, ${count('does not apply')} do not apply, ${count('open')} open`,
  )
  t.log(`open: ${(kinds.get('open') ?? []).map(({ id }) => id).join(', ') || 'none'}`)
})

const wrong: readonly [what: string, line: string, fault: RegExp][] = [
  ['a cell is empty', '| V1.1.1 | asks | `package.json` | |', /empty/],
  ['a column is missing', '| V1.1.1 | asks | open: much |', /empty/],
  ['a column is too many', '| V1.1.1 | asks | open: a | b | – |', /one too many/],
  ['a file is gone', '| V1.1.1 | asks | `src/gone.ts` | by reading |', /src\/gone\.ts, which is not there/],
  ['a test is gone', '| V1.1.1 | asks | open: much | `test/gone.test.ts` |', /test\/gone\.test\.ts/],
  ['a source is named as a test', '| V1.1.1 | asks | open: much | `src/main.ts` |', /no test/],
  ['no file keeps it', '| V1.1.1 | asks | somehow | by reading |', /by no file/],
  ['nothing shows it', '| V1.1.1 | asks | `src/main.ts` | surely |', /nor by reading/],
  ['it does not apply and is tested', '| V1.1.1 | asks | does not apply: no | by reading |', /names a test/],
  ['a section is gone', '| V1.1.1 | asks | `README.md` ("Nowhere") | by reading |', /section Nowhere/],
]

for (const [what, line, fault] of wrong) {
  test(`a row is wrong where ${what}`, (t) => {
    const [row] = rowsOf(line)
    t.regex(faultsOf(row!).join('; '), fault)
  })
}
