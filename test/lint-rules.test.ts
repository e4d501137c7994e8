import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test from 'ava'

const root = new URL('..', import.meta.url).pathname

/** Each a file that the linter must refuse, and by which rule. */
const planted: Readonly<Record<string, { path: string; text: string; rule: string }>> = {
  'the core imports a package': {
    path: 'src/core/package.ts',
    text: "import type { Kysely } from 'kysely'\n\nexport type Database = Kysely<unknown>\n",
    rule: 'lint/style/noRestrictedImports',
  },
  'the core imports a module of Node': {
    path: 'src/core/node.ts',
    text: "import { join } from 'node:path'\n\nexport const path = join('a')\n",
    rule: 'lint/style/noRestrictedImports',
  },
  'the core imports an adapter': {
    path: 'src/core/adapter.ts',
    text: "import { z } from '../adapters/z.ts'\n\nexport const y = z\n",
    rule: 'lint/style/noRestrictedImports',
  },
  'the core imports a value from a port': {
    path: 'src/core/port.ts',
    text: "import { p } from '../ports/p.ts'\n\nexport const q = p\n",
    rule: 'plugin',
  },
  'a port imports a value': {
    path: 'src/ports/value.ts',
    text: "import { c } from '../core/c.ts'\n\nexport const d = c\n",
    rule: 'plugin',
  },
  'a class has a decorator': {
    path: 'src/adapters/decorated.ts',
    text: 'const d = (_: unknown) => {}\n\n@d\nexport class Z {}\n',
    rule: 'plugin',
  },
  'a promise is left alone': {
    path: 'src/adapters/floating.ts',
    text: 'async function work() {\n  return 1\n}\n\nexport function start() {\n  work()\n}\n',
    rule: 'lint/nursery/noFloatingPromises',
  },
  'two files import each other': {
    path: 'src/core/round.ts',
    text: "import { round } from './trip.ts'\n\nexport const trip = () => round\n",
    rule: 'lint/suspicious/noImportCycles',
  },
}
const clean: Readonly<Record<string, string>> = {
  'src/core/trip.ts': "import { trip } from './round.ts'\n\nexport const round = () => trip\n",
  'src/core/c.ts': 'export const c = 1\n',
  'src/core/fine.ts':
    "import type { P } from '../ports/p.ts'\nimport { c } from './c.ts'\n\nexport const fine: P = c\n",
  'src/ports/p.ts': 'export const p = 1\nexport type P = number\n',
  'src/adapters/z.ts': 'export const z = 1\n',
}

const project = mkdtempSync(join(tmpdir(), 'delightchat-lint-'))
test.after.always(() => rmSync(project, { recursive: true, force: true }))

for (const file of ['biome.json', 'package.json', 'tsconfig.json', 'tools/lint']) {
  cpSync(join(root, file), join(project, file), { recursive: true })
}
symlinkSync(join(root, 'node_modules'), join(project, 'node_modules'))
// Git would find the repository around this folder, or none.
const settings = JSON.parse(readFileSync(join(project, 'biome.json'), 'utf8')) as { vcs: unknown }
writeFileSync(join(project, 'biome.json'), JSON.stringify({ ...settings, vcs: { enabled: false } }))
const files = { ...clean, ...Object.fromEntries(Object.values(planted).map(({ path, text }) => [path, text])) }
for (const [path, text] of Object.entries(files)) {
  mkdirSync(dirname(join(project, path)), { recursive: true })
  writeFileSync(join(project, path), text)
}
const { stdout, stderr } = spawnSync(join(root, 'node_modules/.bin/biome'), ['check', '--max-diagnostics=200', 'src'], {
  cwd: project,
  encoding: 'utf8',
})
const report = `${stdout}${stderr}`

for (const [fault, { path, rule }] of Object.entries(planted)) {
  test(`the linter notices when ${fault}`, (t) => {
    t.regex(report, new RegExp(`^${path.replaceAll('.', '\\.')}:\\d+:\\d+ ${rule} `, 'm'), report)
  })
}

test('the linter accepts what keeps to the rules', (t) => {
  t.notRegex(report, /^src\/core\/(fine|c)\.ts|^src\/ports\/p\.ts|^src\/adapters\/z\.ts/m, report)
})
