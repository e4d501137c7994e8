import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROWS, type Row, SECTIONS } from './instagram-rows.ts'

export type Proof = Readonly<{ title: string; file: string }>
export type Collected = Readonly<{ proofs: ReadonlyMap<string, readonly Proof[]>; problems: readonly string[] }>

/** `// proves: a, b` and the title of the test below it. */
const MARK =
  /^[ \t]*\/\/ proves: (.+)\n[ \t]*(?:for \(.+\{\n[ \t]*)?(?:(\w[\w.]*)\(\s*(['"`])((?:\\.|(?!\3)[^\\])*)\3)?/gm

const PARSER_TEST = 'test/adapters/instagram/inbound-parser.test.ts'

/** Reads the sources of the tests: which test proves which row. */
export function collectProofs(root: string): Collected {
  const proofs = new Map<string, Proof[]>()
  const problems: string[] = []
  const known = new Set(ROWS.map(({ id }) => id))
  const prove = (id: string, proof: Proof) => proofs.set(id, [...(proofs.get(id) ?? []), proof])
  for (const file of globSync('test/**/*.test.ts', { cwd: root }).sort()) {
    const source = readFileSync(join(root, file), 'utf8')
    for (const [, ids = '', call, , title] of source.matchAll(MARK)) {
      if (call === undefined || title === undefined) problems.push(`${file}: no test under "proves: ${ids}"`)
      for (const id of ids.split(',').map((each) => each.trim())) {
        if (!known.has(id)) problems.push(`${file}: there is no row "${id}" in test/coverage/instagram-rows.ts`)
        else if (title !== undefined) prove(id, { title: readable(title), file })
      }
    }
  }
  for (const { id, fixtures = [] } of ROWS)
    for (const name of fixtures) prove(id, { title: `${name} becomes exactly its events`, file: PARSER_TEST })
  for (const { id, missing } of ROWS) {
    if (!proofs.has(id) && missing === undefined) problems.push(`the row "${id}" has no test, and no reason for it`)
  }
  return { proofs, problems }
}

/** Without the fault that it shows and the profile it runs on, and with an ellipsis where a table fills in. */
const readable = (title: string): string =>
  title
    .replace(/^[A-DX]\d+(?:, [A-DX]\d+)*: /, '')
    .replace(/^\$\{profile\}: /, '')
    .replace(/\$\{[^}]*\}/g, '…')
    .replaceAll("\\'", "'")

/** docs/instagram-coverage.md */
export function coverageDocument({ proofs }: Collected): string {
  const count = (rows: readonly Row[]) => rows.filter(({ id }) => proofs.has(id)).length
  const sections = Object.entries(SECTIONS).map(([name, rows]) =>
    [`## ${name}`, '', '| what | proved by |', '|---|---|', ...rows.map((row) => lineOf(row, proofs)), ''].join('\n'),
  )
  return [
    '# Instagram, kind by kind',
    '',
    'Written by `npm run coverage:instagram` from `test/coverage/instagram-rows.ts` and the tests; the suite fails where it is',
    'out of date. Titles are those of the tests, without the profile they run on. A fixture is a body in',
    '`test/fixtures/instagram`, in the form Meta sends it.',
    '',
    `${count(ROWS)} of ${ROWS.length} rows are proved; the others say why not.`,
    '',
    ...sections,
  ].join('\n')
}

function lineOf({ id, says, missing, fixtures = [] }: Row, proofs: Collected['proofs']): string {
  const found = proofs.get(id) ?? []
  const ofTests = found.filter(({ file, title }) => !(file === PARSER_TEST && title.endsWith('exactly its events')))
  const tests = ofTests.map(({ title, file }) => `“${title}” (\`${file}\`)`)
  const bodies = fixtures.length === 0 ? [] : [`fixtures ${fixtures.map((name) => `\`${name}\``).join(', ')}`]
  const cells = [...bodies, ...tests]
  return `| ${says} | ${cells.length === 0 ? `nothing: ${missing}` : cells.join('<br>').replaceAll('|', '\\|')} |`
}
