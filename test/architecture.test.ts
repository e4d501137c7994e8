import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { sourcesIn, type Violation, violationsIn } from './support/architecture.ts'
import { importsOf } from './support/source-scan.ts'

const ROOT = join(import.meta.dirname, '..')

test('every import of this project goes in an allowed direction', (t) => {
  t.deepEqual(violationsIn(ROOT), [])
})

/** Who opens a connection to elsewhere by HTTP, and why not through the guarded client. */
const CALLS_OUT: Readonly<Record<string, string>> = {
  'src/adapters/guarded-fetch/exchange.ts': 'it is the guarded client',
  'src/adapters/guarded-fetch/resolve-host.ts': 'it is the guarded client',
  'src/adapters/instagram/graph-client.ts': 'the hosts are of the configuration',
  'src/health-check.ts': 'it asks this machine, for a container',
}
const CALLING =
  /(?<![.\w])fetch\((?!path: string)|(?<!typeof )globalThis\.fetch|XMLHttpRequest|new WebSocket|new EventSource|from 'node:(https|http2|tls|dgram|dns[^']*)'|import (?!type)[^;]*?\b(request|get|Agent)\b[^;]*? from 'node:http'|import (?!type)[^;]*?\b(connect|createConnection|Socket)\b[^;]*? from 'node:net'|['"](undici|axios|got|node-fetch|ws)['"]/

test('nothing calls out but the guarded client, and what asks configured hosts', (t) => {
  const found = sourcesIn(ROOT)
    .map(({ path }) => path)
    .filter((path) => path.startsWith('src/') && CALLING.test(readFileSync(join(ROOT, path), 'utf8')))
  t.deepEqual(found.toSorted(), Object.keys(CALLS_OUT).toSorted())
  for (const source of [
    `await fetch(url)`,
    `import { request } from 'node:http'`,
    `import { type Server, request as call } from 'node:http'`,
    `import https from 'node:https'`,
    `import { connect } from 'node:net'`,
    `import axios from 'axios'`,
  ])
    t.regex(source, CALLING)
  for (const source of [
    `import { createServer } from 'node:http'`,
    `import { isIP } from 'node:net'`,
    `browser.fetch(path)`,
  ])
    t.notRegex(source, CALLING)
})

test('each layer has been looked at', (t) => {
  const seen = sourcesIn(ROOT)
  for (const folder of [
    'src/core/',
    'src/ports/',
    'src/adapters/http/',
    'src/adapters/persistence/',
    'dev/',
    'test/',
  ]) {
    const files = seen.filter(({ path }) => path.startsWith(folder))
    t.true(files.length > 5, folder)
    t.true(files.flatMap(({ imports }) => imports).length > 10, folder)
  }
  for (const path of [
    'src/main.ts',
    'src/composition.ts',
    'src/application.ts',
    'src/config.ts',
    'src/ports/tokens.ts',
  ])
    t.true(
      seen.some((source) => source.path === path),
      path,
    )
})

const allowed: Readonly<Record<string, string>> = {
  'src/core/ticket/ticket.ts': `import { now } from '../time.ts'\nimport type { Clock } from '../../ports/clock.ts'`,
  'src/ports/clock.ts': `import type { Time } from '../core/time.ts'\nexport type { Zone } from './zone.ts'\nexport type Clock = Time`,
  'src/ports/tokens.ts': `export const CLOCK = Symbol.for('clock')`,
  'src/adapters/mail/index.ts': `import pg from 'pg'\nimport { join } from 'node:path'
    import { now } from '../../core/time.ts'\nimport { CLOCK } from '../../ports/tokens.ts'
    import { readJson } from '../channel-kit/json.ts'\nimport { codeOf } from '../postgres-kit/errors.ts'\nimport { send } from './deep/send.ts'
    import type { Config } from '../../config.ts'\nimport type { Role } from '../../config/types.ts'`,
  'src/adapters/mail/deep/send.ts': `import { mail } from '../index.ts'`,
  'src/adapters/channel-kit/json.ts': `import { now } from '../../core/time.ts'`,
  'src/adapters/postgres-kit/errors.ts': `export const codeOf = (error) => error.code`,
  'src/roles/inbound.ts': `import type { Clock } from '../ports/clock.ts'`,
  'src/composition.ts': `import { mail } from './adapters/mail/index.ts'`,
  'src/application.ts': `import { mail } from './adapters/mail/index.ts'`,
  'src/main.ts': `import { mail } from './adapters/mail/index.ts'\nstart(process.env)`,
  'src/cli.ts': `import { mail } from './adapters/mail/index.ts'\nstart(process.env)`,
  'src/config/read.ts': `export const port = process.env['PORT']`,
  'dev/demo.ts': `import { startApplication } from '../src/application.ts'\nstart(process.env)`,
  'test/mail.test.ts': `import { mail } from '../src/adapters/mail/index.ts'`,
}

test('what is allowed is no violation', (t) => {
  t.deepEqual(violationsOf(t, {}), [])
})

const core = 'the core imports only itself, and ports with `import type`'
const port = 'a port imports only types, of the core and of other ports'
const adapter = 'an adapter knows the core, the ports, itself, the kits and the types of the configuration'
const composer = 'only composition.ts, application.ts, main.ts, cli.ts, explain.ts know adapters'
const development = 'what is for development stands outside, as other systems do'
const environment = 'reads the environment, but only the configuration and the programs do'

for (const [path, source, ...expected] of [
  ['src/core/a.ts', `import { sql } from 'kysely'`, `imports kysely, but ${core}`],
  ['src/core/a.ts', `import type { Pool } from 'pg'`, `imports pg, but ${core}`],
  ['src/core/a.ts', `import { createHash } from 'node:crypto'`, `imports node:crypto, but ${core}`],
  ['src/core/a.ts', `import 'reflect-metadata'`, `imports reflect-metadata, but ${core}`],
  ['src/core/a.ts', `export * from 'pg'`, `imports pg, but ${core}`],
  ['src/core/a.ts', `const pg = await import('pg')`, `imports pg, but ${core}`],
  ['src/core/a.ts', `let pool: import('pg').Pool`, `imports pg, but ${core}`],
  ['src/core/a.ts', `import { type Clock } from '../ports/clock.ts'`, `imports src/ports/clock.ts, but ${core}`],
  ['src/core/a.ts', `import { CLOCK } from '../ports/tokens.ts'`, `imports src/ports/tokens.ts, but ${core}`],
  ['src/core/a.ts', `import type { Config } from '../config.ts'`, `imports src/config.ts, but ${core}`],
  [
    'src/core/a.ts',
    `import type { M } from '../adapters/mail/index.ts'`,
    `imports src/adapters/mail/index.ts, but ${core}`,
    `imports src/adapters/mail/index.ts, but ${composer}`,
  ],
  ['src/ports/a.ts', `import { now } from '../core/time.ts'`, `imports src/core/time.ts, but ${port}`],
  ['src/ports/a.ts', `import type { Pool } from 'pg'`, `imports pg, but ${port}`],
  ['src/ports/a.ts', `import type { Config } from '../config.ts'`, `imports src/config.ts, but ${port}`],
  ['src/ports/a.ts', 'export const limit = 1', 'exports a value, but a port is types'],
  ['src/ports/a.ts', 'export class Clock {}', 'exports a value, but a port is types'],
  [
    'src/ports/tokens.ts',
    `import type { Time } from '../core/time.ts'`,
    'imports src/core/time.ts, but the tokens stand alone',
  ],
  [
    'src/adapters/chat/a.ts',
    `import { mail } from '../mail/index.ts'`,
    `imports src/adapters/mail/index.ts, but ${adapter}`,
  ],
  [
    'src/adapters/chat/a.ts',
    `import type { Mail } from '../mail/index.ts'`,
    `imports src/adapters/mail/index.ts, but ${adapter}`,
  ],
  [
    'src/adapters/chat/a.ts',
    `import { clock } from '../system-clock.ts'`,
    `imports src/adapters/system-clock.ts, but ${adapter}`,
  ],
  ['src/adapters/chat/a.ts', `import { loadConfig } from '../../config.ts'`, `imports src/config.ts, but ${adapter}`],
  [
    'src/adapters/chat/a.ts',
    `import type { Composition } from '../../composition.ts'`,
    `imports src/composition.ts, but ${adapter}`,
  ],
  [
    'src/adapters/channel-kit/a.ts',
    `import { mail } from '../mail/index.ts'`,
    `imports src/adapters/mail/index.ts, but ${adapter}`,
  ],
  ['src/adapters/a.ts', `import { mail } from './mail/index.ts'`, `imports src/adapters/mail/index.ts, but ${adapter}`],
  [
    'src/adapters/chat/a.ts',
    'await import(name)',
    'imports what is computed, but what is imported has to be written out',
  ],
  [
    'src/roles/a.ts',
    `import { mail } from '../adapters/mail/index.ts'`,
    `imports src/adapters/mail/index.ts, but ${composer}`,
  ],
  [
    'src/config/a.ts',
    `import type { M } from '../adapters/mail/index.ts'`,
    `imports src/adapters/mail/index.ts, but ${composer}`,
  ],
  [
    'dev/a.ts',
    `import { mail } from '../src/adapters/mail/index.ts'`,
    `imports src/adapters/mail/index.ts, but ${development}`,
  ],
  [
    'dev/deep/a.ts',
    `const mail = await import('../../src/adapters/mail/index.ts')`,
    `imports src/adapters/mail/index.ts, but ${development}`,
  ],
  ['src/adapters/chat/a.ts', `const port = process.env['PORT']`, environment],
  ['src/adapters/chat/a.ts', `const port = process['env'].PORT`, environment],
  ['src/adapters/chat/a.ts', 'const { PORT } = globalThis.process?.env', environment],
  ['src/roles/a.ts', 'const { pid, env } = process', environment],
  ['src/roles/a.ts', `import { env } from 'node:process'`, environment],
  ['src/core/a.ts', 'const level = process.env.LOG_LEVEL', environment],
  ['src/adapters/chat/a.ts', '@injectable() class Chat {}', 'has a decorator, which type stripping cannot run'],
  [
    'test/a.ts',
    'class Chat { constructor(@inject(CLOCK) clock: Clock) {} }',
    'has a decorator, which type stripping cannot run',
  ],
  ['dev/a.ts', 'enum Status { OPEN }', 'has an enum, which type stripping cannot run'],
  ['src/core/a.ts', 'export const enum Status { OPEN }', 'has an enum, which type stripping cannot run'],
] as const) {
  test(`refused in ${path}: ${source}`, (t) => {
    const line = `export const one = 1\n`
    const planted =
      path === 'src/ports/tokens.ts' || path.startsWith('src/ports/') ? `// one\n${source}` : `${line}${source}`
    t.deepEqual(
      violationsOf(t, { [path]: `${planted}\n` }),
      expected.map((what) => `${path}:2 ${what}`),
    )
  })
}

function violationsOf(t: ExecutionContext, planted: Readonly<Record<string, string>>): readonly Violation[] {
  const root = mkdtempSync(join(tmpdir(), 'dc-architecture-'))
  t.teardown(() => rmSync(root, { recursive: true, force: true }))
  for (const [path, source] of Object.entries({ ...allowed, ...planted })) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), source)
  }
  return violationsIn(root)
}

test('imports are seen in whatever form and place, and nothing else is taken for one', (t) => {
  const source = `#!/usr/bin/env node
    // import 'a-comment'
    /* import 'another' */
    import 'effect'; import one from 'one'
    import two, { type three as four } from "two"
    import * as five from 'five' with { type: 'json' }
    import type Six from 'six'
    import type { from } from 'six-b'
    import type from 'a-value-named-type'
    import {
      seven,
      type eight, // from 'no'
    } from 'seven'
    export { nine } from 'nine'
    export type { ten } from 'ten'
    export * from 'eleven'
    export type * as eleven from 'eleven-b'
    export { local }
    export default { from: 'nothing' }
    export const text = "import 'no'" + 'import "no"' + \`import 'no' \${await import('in-template')} import 'no' \${{ a: { b: '}' } }}\`
    const half = a / b; const regex = /import 'no' [/'"] \\/ \`/.test(x) / 2
    call(/'/, (a) / 2, "'")
    import.meta.url; x.import('no'); x?.import('no'); ({ import: 'no', from: 'no' })
    const more = [...await import('spread')]; type T = typeof import('in-type', { with: { a: 'b' } })
    const old = require('old'); interface R { require(request: string): void }
    import(computed); import('a' + 'b'); import(\`template\`)`
  const found = importsOf(source).map(({ specifier, typeOnly }) => `${typeOnly ? 'type ' : ''}${specifier}`)
  t.deepEqual(found, [
    ...['effect', 'one', 'two', 'five', 'type six', 'type six-b', 'a-value-named-type', 'seven', 'nine', 'type ten'],
    ...['eleven', 'type eleven-b', 'in-template', 'spread', 'in-type', 'old', 'null', 'null', 'null'],
  ])
  t.is(importsOf(source)[0]?.line, 4)
})

for (const source of [`const a = 'no end`, '`no end', '`${', '/* no end', 'const a = /no end', 'if (a) { b()']) {
  test(`a source that cannot be followed is not passed over: ${source}`, (t) => {
    t.throws(() => importsOf(source), { instanceOf: SyntaxError })
  })
}
