import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { main as simulate } from '../../dev/instagram-simulator/cli.ts'
import { waitFor } from '../support/processes.ts'

const ROOT = join(import.meta.dirname, '..', '..')

/** What the demo must not take: nothing answers there. */
const NOT_FOR_THE_DEMO = {
  DATABASE_URL: 'postgres://nobody:x@127.0.0.1:1/nothing',
  RABBITMQ_URL: 'amqp://127.0.0.1:1',
  REDIS_URL: 'redis://127.0.0.1:1',
  INSTAGRAM_GRAPH_URL: 'http://127.0.0.1:1',
  DATA_DIR: '/nonexistent',
  NODE_ENV: 'production',
}

async function freePort(): Promise<{ port: number; hold: () => Promise<void> }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    hold: async () => {
      server.close()
      await once(server, 'close')
    },
  }
}

async function setUp(t: ExecutionContext) {
  const folder = await mkdtemp(join(tmpdir(), 'demo-test-'))
  // As root the data stay in it only if the database's own user can get there.
  await chmod(folder, 0o755)
  const started: ChildProcess[] = []
  t.teardown(async () => {
    for (const child of started) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  })

  async function demo(args: readonly string[], environment: Record<string, string> = {}) {
    const given = { ...NOT_FOR_THE_DEMO, PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment }
    const port = environment['PORT'] ?? String(await claimPort())
    const child = spawn(process.execPath, ['run.js', 'demo', '--data', folder, ...args], {
      cwd: ROOT,
      env: { ...given, PORT: port },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    started.push(child)
    const output = { text: '' }
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output.text += String(chunk)))
    const exited = once(child, 'close').then(([code]) => code as number | null)
    const shows = async (expected: RegExp) => {
      while (!expected.test(output.text)) {
        if (child.exitCode !== null) throw new Error(`The demo ended without ${expected}:\n${output.text}`)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
    return { child, output, exited, shows }
  }
  return { folder, demo }
}

async function claimPort(): Promise<number> {
  const { port, hold } = await freePort()
  await hold()
  return port
}

/** Every process whose command line names the folder; the database's does. */
function processesOn(folder: string): string[] {
  if (!existsSync('/proc/self/cmdline')) return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
        return command.includes(folder) ? [`${pid} ${command}`] : []
      } catch {
        return []
      }
    })
}

test.serial('--once goes the whole way, takes nothing of the environment, and leaves nothing running', async (t) => {
  t.timeout(120_000)
  const { demo, folder } = await setUp(t)
  const { exited, output } = await demo(['--once'])
  t.is(await exited, 0, output.text)
  for (const kind of ['direct message', 'story reply', 'comment', 'image', 'postback'])
    t.true(output.text.includes(kind))
  t.regex(output.text, /#5 .+OPEN/)
  t.regex(output.text, /5 unread for Alex Agent/)
  t.regex(output.text, /SENT after \d+ ms/)
  t.regex(output.text, /Mia Torres's phone\n.+Mia Torres .+\n.+Acme Outdoor {2}Hello Mia!/)
  t.regex(output.text, /The round trip is complete/)
  t.false(output.text.includes('\u001b'))
  t.deepEqual(processesOn(folder), [])
  t.deepEqual((await readdir(folder)).sort(), ['demo.lock', 'service.log'])
})

test.serial('without --once it stays up, takes what simulate sends, and ends with 0 on Ctrl-C', async (t) => {
  t.timeout(120_000)
  const { demo, folder } = await setUp(t)
  const { child, exited, shows, output } = await demo([])
  await shows(/From here on/)
  if (process.platform === 'linux') t.true(processesOn(folder).length >= 2, 'the demo and its database')
  const lines: string[] = []
  const terminal = {
    environment: {},
    print: (line: string) => lines.push(line),
    complain: (line: string) => lines.push(line),
  }
  t.is(await simulate(['dm', 'hello from outside', '--demo', folder], terminal), 0, lines.join('\n'))
  await shows(/Sam Sample .+hello from outside/)
  await simulate(
    ['dm', 'and one more', '--demo', folder, '--from', 'lena.k', '--name', 'Lena Kowalska-Wiśniewska'],
    terminal,
  )
  await shows(/Lena Kowalska-Wiśniewska .+and one more/)

  const url = /API +(http:\S+)/.exec(output.text)?.[1]
  const token = /Bearer ([^']+)'/.exec(output.text)?.[1]
  const docs = await fetch(`${url}/docs`, { redirect: 'follow' })
  t.is(docs.status, 200)
  t.is((await fetch(`${url}/auth/me`, { headers: { Authorization: `Bearer ${token}` } })).status, 200)

  const inbox = /(\/orgs\/\S+?)\/tickets/.exec(output.text)?.[1]
  const ask = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${url}${inbox}${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    t.true(response.ok, `${method} ${path}: ${response.status}`)
    return response.text().then((text) => (text === '' ? null : JSON.parse(text)))
  }
  // What the phones show is printed as it is sent; the inbox has it a moment later.
  type Ticket = Readonly<{ id: string; kind: string; lastMessagePreview: string }>
  const ticketWhere = (isIt: (ticket: Ticket) => boolean) =>
    waitFor(async () => (await ask('GET', '/tickets')).data.find(isIt)?.id as string | undefined, 60_000)
  const ofSam = await ticketWhere(({ lastMessagePreview }) => lastMessagePreview === 'hello from outside')
  const comment = await ticketWhere(({ kind }) => kind === 'COMMENT')
  const [fromSam] = (await ask('GET', `/tickets/${ofSam}/messages`)).data
  await ask('PUT', `/tickets/${ofSam}/messages/${fromSam.id}/reaction`, { emoji: '❤️' })
  await ask('POST', `/tickets/${comment}/messages`, { content: 'Neuf francs.', audience: 'PUBLIC' })
  await shows(/Acme Outdoor to Sam Sample .+❤️ to “hello from outside”/)
  await shows(/Acme Outdoor to Amélie Laurent .+\(public reply\) Neuf francs\./)
  const [, after = ''] = output.text.split('From here on, as it happens\n')
  const columns = after.split('\n').flatMap((line) => /^ {4}\S+ {2}.*?\S {2,}(?=\S)/.exec(line)?.[0].length ?? [])
  t.is(columns.length, 4, after)
  t.is(new Set(columns.slice(1)).size, 1, `the last column stands still: ${after}`)
  lines.length = 0
  t.is(await simulate(['phone', '--demo', folder], terminal), 0)
  t.regex(lines.join('\n'), /^\S+ {2}Sam Sample {4}hello from outside\n {10}Acme Outdoor {2}❤️$/)
  lines.length = 0
  t.is(await simulate(['phone', '--demo', folder, '--from', 'amelie.l'], terminal), 0)
  t.regex(
    lines.join('\n'),
    /Amélie Laurent {2}\(comment\) Combien.+\n\S+ {2}Acme Outdoor {4}\(public reply\) Neuf francs\.$/,
  )

  const second = await demo(['--once'])
  t.is(await second.exited, 1)
  t.regex(second.output.text, /Another demo is running \(process \d+\)/)

  child.kill('SIGINT')
  t.is(await exited, 0, output.text)
  t.deepEqual(processesOn(folder), [])
})

test.serial('a start that fails ends with 1, a sentence, and nothing left running', async (t) => {
  t.timeout(120_000)
  const { demo, folder } = await setUp(t)
  const { port, hold } = await freePort()
  t.teardown(hold)
  const { exited, output } = await demo(['--once'], { PORT: String(port) })
  t.is(await exited, 1, output.text)
  t.regex(output.text, /✗ .*PORT/)
  t.notRegex(output.text, /\n {4}at /)
  t.deepEqual(processesOn(folder), [])
})

test.serial('SIGTERM while it starts closes what was opened', async (t) => {
  t.timeout(120_000)
  const { demo, folder } = await setUp(t)
  const { child, exited, shows, output } = await demo([])
  await shows(/service/)
  child.kill('SIGTERM')
  t.is(await exited, 143, output.text)
  t.deepEqual(processesOn(folder), [])
})

test('a folder with other files is not emptied', async (t) => {
  const { demo } = await setUp(t)
  const { exited, output } = await demo(['--once', '--data', ROOT])
  t.is(await exited, 1)
  t.regex(output.text, /is not empty and was not made by a demo/)
  t.true(existsSync(join(ROOT, 'package.json')))
})
