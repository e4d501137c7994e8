import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import test from 'ava'
import { parse } from 'yaml'
import { loadConfig, type Role, roles } from '../src/config.ts'
import { type CurlAnswer, runCurl } from './support/curl.ts'
import { blocksOf, commandsIn, splitScript } from './support/markdown-commands.ts'
import { assertNoneLeft, processesOn, waitFor } from './support/processes.ts'
import { dataFolder, ROOT, startScript, startService } from './support/program.ts'
import { programOnPath } from './support/throwaway.ts'

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const readme = read('README.md')

/** How each command of the README is run here. One that fits none of them, or two, fails. */
const kinds = {
  /** Dry, on a copy: a real one would empty node_modules under the running tests. */
  install: /^npm ci$/,
  /** With --once, in a folder of its own. */
  demo: /^npm run demo$/,
  /** Started on a free port and another folder, asked by the curls, and stopped. */
  start: /^npm start$/,
  curl: /^curl /,
  /** Run in an empty folder; the program has to accept what comes out. */
  settings: /^echo .* >> \.env$/,
  /** Held against the file: there may be no engine here. */
  compose: /^docker compose /,
  /** This very run is one, so only what it starts is looked at. */
  tests: /^npm test$/,
} as const

type Kind = keyof typeof kinds
const kindsOf = (text: string) => (Object.keys(kinds) as Kind[]).filter((kind) => kinds[kind].test(text))
const commands = commandsIn(readme)
const textsOf = (kind: Kind) => commands.filter(({ text }) => kindsOf(text)[0] === kind).map(({ text }) => text)

test('every command of the README is of a kind that is run here, and every block is a kind of text', (t) => {
  for (const { text, line } of commands) t.is(kindsOf(text).length, 1, `line ${line}: ${text}`)
  for (const kind of Object.keys(kinds) as Kind[]) t.true(textsOf(kind).length > 0, `${kind} is not needed any more`)
  for (const { language, line } of blocksOf(readme)) t.true(['bash', 'text'].includes(language), `line ${line}`)
  t.true(readme.split('\n').length <= 300)
})

test('npm ci: lockfile and package.json agree', async (t) => {
  const folder = await dataFolder(t, 'install')
  for (const file of ['package.json', 'package-lock.json', '.npmrc']) copyFileSync(join(ROOT, file), join(folder, file))
  const args = ['ci', '--dry-run', '--ignore-scripts', '--offline', '--cache', join(folder, 'cache')]
  const { status, stderr, stdout } = spawnSync('npm', args, { cwd: folder, encoding: 'utf8' })
  t.is(status, 0, stderr)
  t.regex(stdout, /added \d+ packages/)
})

test.serial('npm run demo: the round trip, and what the README shows of it', async (t) => {
  t.timeout(180_000)
  const folder = await dataFolder(t, 'demo')
  const demo = startScript(t, 'demo', {}, { args: ['--once', '--data', folder] })
  t.is((await demo.exited).code, 0, demo.output())
  await assertNoneLeft(demo)
  const shown =
    blocksOf(readme)
      .find(({ text }) => text.includes('DelightChat demo'))
      ?.text.split('\n') ?? []
  const said = new Set(demo.output().split('\n').map(withoutChance))
  t.true(shown.length > 30)
  for (const line of shown) t.true(said.has(withoutChance(line)), `The demo does not say: ${line}`)
})

/** Without ids, numbers and the width of columns. */
const withoutChance = (line: string) =>
  line
    .replace(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g, '#')
    .replace(/\d+/g, '#')
    .replace(/\s+/g, ' ')
    .trim()

/** What each curl of the README has to answer, in its order. */
const expected: readonly (readonly [status: number, check: RegExp])[] = [
  [201, /"accessToken":"/],
  [201, /"type":"API"/],
  [200, /^EVENT_RECEIVED$/],
  [200, /"lastMessagePreview":"Do you ship to Norway\?"/],
  [201, /"status":"QUEUED"/],
  [200, /"type":"ticket.created".*"type":"message.created"/],
]

test.serial('npm start: what the README asks of it is answered', async (t) => {
  t.timeout(180_000)
  const folder = await dataFolder(t, 'readme')
  const service = await startService(t, { DATA_DIR: folder })
  const curls = textsOf('curl')
  t.is(curls.length, expected.length)
  const known: Record<string, string> = {}
  for (const [index, text] of curls.entries()) {
    const [status, check] = expected[index] ?? [0, /x/]
    const command = fill(text, known).replaceAll('http://localhost:3001', service.url)
    const run = () => runCurl({ text: command, words: splitScript(command)[0]?.words ?? [] })
    const answer = await waitFor(async () => {
      const given = await run()
      // What the workers make takes a moment.
      return given.status !== 200 || check.test(given.text) ? given : null
    }, 30_000)
    t.is(answer.status, status, answer.text)
    t.regex(answer.text, check)
    Object.assign(known, learn(text, answer))
  }
  t.is((await fetch(`${service.url}/docs`)).status, 200)
  t.is((await fetch(`${service.url}/metrics`)).status, 200)
  t.is((await service.process.end()).code, 0)
  await assertNoneLeft(service.process)
  t.deepEqual(processesOn(folder), [])
})

function fill(text: string, known: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = known[name]
    if (value === undefined) throw new Error(`Nothing has told {${name}}: ${text}`)
    return value
  })
}

function learn(text: string, answer: CurlAnswer): Readonly<Record<string, string>> {
  if (!answer.type.includes('json')) return {}
  const body = answer.json<Record<string, string> & { data?: readonly { id: string }[] }>()
  if (text.includes('/auth/signup')) return { accessToken: body['accessToken'] ?? '', orgId: body['orgId'] ?? '' }
  if (text.includes('"type": "API"')) return { channelId: body['channelId'] ?? '' }
  return /\/tickets /.test(text) ? { ticketId: body.data?.[0]?.id ?? '' } : {}
}

type Compose = { services: Record<string, { command?: string[]; environment?: Record<string, unknown> }> }
const compose = parse(read('docker-compose.yml'), { merge: true }) as Compose

test('the settings for production: every service accepts what comes out', async (t) => {
  const folder = await dataFolder(t, 'settings')
  // Small systems have no openssl; its output is what counts here.
  const openssl = 'openssl() { if [ "$2" = -hex ]; then printf "%064d" 7; else head -c "$3" /dev/zero | base64; fi; }\n'
  const script = [programOnPath('openssl') ? '' : openssl, ...textsOf('settings')].join('\n')
  const { status, stderr } = spawnSync('sh', ['-euc', script], { cwd: folder, encoding: 'utf8' })
  t.is(status, 0, stderr)
  const env = parseEnv(readFileSync(join(folder, '.env'), 'utf8')) as Record<string, string>
  const programs = Object.entries(compose.services).filter(([, { command }]) => command?.[0] === 'node')
  t.is(programs.length, 6)
  for (const [name, { command, environment = {} }] of programs) {
    const given = Object.entries(environment).map(([key, value]) => [
      key,
      String(value).replace(
        /\$\{(\w+):-([^}]*)\}/g,
        (_, variable: string, fallback: string) => env[variable] || fallback,
      ),
    ])
    const loaded = loadConfig(Object.fromEntries(given), { role: command?.[2] as Role })
    t.true(loaded.ok, `${name}: ${JSON.stringify(loaded)}`)
  }
})

test('docker compose: what the README says about it is in the file', (t) => {
  for (const command of textsOf('compose')) {
    const [, , subcommand, ...rest] = command.split(' ')
    t.is(subcommand, 'up')
    for (const word of rest) t.true(['--build', '-d'].includes(word) || word in compose.services, command)
  }
  const [published] = (compose.services['api'] as { ports?: string[] }).ports ?? []
  t.regex(published ?? '', /^127\.0\.0\.1:.*3001.*:3001$/)
})

test('npm test: the script, and what it starts, is there', (t) => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  t.is(scripts['test'], 'exec node run.js test')
  t.true(existsSync(join(ROOT, 'test/run.ts')))
})

test('the roles that the README lists are the ones there are', (t) => {
  const listed = [...readme.matchAll(/^\| `([a-z]+)` \|/gm)].map(([, role]) => role)
  t.deepEqual(listed.toSorted(), roles.filter((role) => !['all', 'migrate', 'cli'].includes(role)).toSorted())
})

test('every file that the documents link or name exists', (t) => {
  const documents = ['README.md', 'CHANGELOG.md', ...globSync('docs/**/*.md', { cwd: ROOT })]
  for (const document of documents) {
    const text = read(document)
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)) {
      t.true(existsSync(resolve(ROOT, dirname(document), target)), `${document} links ${target}`)
    }
    for (const [, path = ''] of text.matchAll(/`((?:src|test|dev|docs|tools|docker|bench)\/[\w./-]*\w)\/?`/g)) {
      t.true(existsSync(join(ROOT, path)), `${document} names ${path}`)
    }
  }
})

test('code that the documents show stands in the file that they name', (t) => {
  const shown = globSync('docs/**/*.md', { cwd: ROOT }).flatMap((document) =>
    blocksOf(read(document)).filter(({ language }) => language === 'ts'),
  )
  t.true(shown.length > 0)
  for (const { text, line } of shown) {
    const [, path, code = ''] = /^\/\/ (\S+)\n([\s\S]+)$/.exec(text) ?? []
    t.true(path !== undefined && read(path).includes(code), `line ${line}: ${text}`)
  }
})

test('each runtime dependency has its reason, and each decision is in the list', (t) => {
  const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> }
  const rows = read('docs/decisions/0009-dependencies.md').match(/^\| .+ \|/gm) ?? []
  const named = rows.flatMap((row) => (row.split('|')[1] ?? '').split(',').map((name) => name.trim()))
  for (const name of Object.keys(dependencies)) t.true(named.includes(name), `${name} has no reason`)
  const list = read('docs/decisions/README.md')
  for (const file of globSync('docs/decisions/0*.md', { cwd: ROOT })) {
    const name = file.split('/').at(-1) ?? file
    const [line] = list.split('\n').filter((each) => each.includes(`(${name})`))
    // By the number in its name: the one that Markdown counts is another as soon as one is missing.
    t.true(line?.startsWith(`- ${name.slice(0, 4)}: [`), name)
  }
})

test('the README links every page of the documentation', (t) => {
  const pages = globSync('docs/*.md', { cwd: ROOT })
  t.true(pages.length > 5)
  for (const page of pages) t.true(readme.includes(`](${page})`), page)
})
