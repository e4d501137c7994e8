import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { assertNoLeak } from './planted.ts'

/** Inherited by whatever a marked process starts, so that it is found even when its parent is gone. May hold several. */
const MARK = 'DELIGHTCHAT_TEST_MARK'

export type Exit = Readonly<{ code: number | null; signal: NodeJS.Signals | null }>

export type StartedProcess = Readonly<{
  pid: number
  mark: string
  /** Both outputs in the order in which they came. */
  output(): string
  /** Waits for a piece of output. Rejects, with all of it, when the process ends without. */
  says(expected: RegExp, withinMs?: number): Promise<RegExpExecArray>
  signal(signal: NodeJS.Signals): void
  exited: Promise<Exit>
  /** SIGTERM, and SIGKILL when that takes too long. */
  end(graceMs?: number): Promise<Exit>
}>

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export type ProcessOptions = Readonly<{
  cwd?: string
  mayLeak?: boolean
  /** In a process group of its own, whose number is its pid. */
  ownGroup?: boolean
}>

/** With PATH, HOME, where compiled code is kept and what is given as its whole environment. It does not outlive the test file. */
export function startProcess(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  { cwd = process.cwd(), mayLeak = false, ownGroup = false }: ProcessOptions = {},
): StartedProcess {
  const mark = randomUUID()
  const { PATH = '', HOME = '', NODE_COMPILE_CACHE = '' } = process.env
  const child = spawn(command, args, {
    cwd,
    env: { PATH, HOME, NODE_COMPILE_CACHE, ...env, ...marked(mark) },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: ownGroup,
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk) => (text += chunk))
  running.add(child)
  let ended = false
  const exited = once(child, 'close').then(([code, signal]): Exit => {
    ended = true
    running.delete(child)
    // Nobody may be waiting for the exit; an uncaught error fails the whole file.
    if (!mayLeak) process.nextTick(assertNoLeak, text, [command, ...args].join(' '))
    return { code, signal }
  })
  exited.catch(() => {})
  return {
    pid: child.pid ?? 0,
    mark,
    output: () => text,
    async says(expected, withinMs = 30_000) {
      const found = () => expected.exec(text)
      const shown = (what: string) => new Error(`${command} ${args.join(' ')}: ${what} ${expected}:\n${text}`)
      await waitFor(() => found() !== null || ended, withinMs).catch(() => {
        throw shown(`within ${withinMs} ms there was no`)
      })
      const match = found()
      if (match === null) throw shown('it ended without')
      return match
    },
    signal: (signal) => void child.kill(signal),
    exited,
    async end(graceMs = 30_000) {
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
      return exited.finally(() => clearTimeout(timer))
    },
  }
}

/** The variables to start a process with; the marks of this process are passed on. */
export const marked = (mark: string): Readonly<Record<string, string>> => ({
  [MARK]: [process.env[MARK], mark].filter(Boolean).join(),
})

/**
 * A TCP port of this machine on which nobody listens at the moment, for a program that is to listen later. Not one of those
 * that the kernel gives to outgoing connections and to servers that name none: it may give it away before the program is there.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer().listen(randomInt(20_000, 32_000), '127.0.0.1')
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    )
    if (!isFree) continue
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    return port
  }
}

/** The first value that is neither null, undefined nor false; throwing counts as not yet. */
export async function waitFor<T>(attempt: () => T | Promise<T>, timeoutMs = 30_000): Promise<NonNullable<T>> {
  const until = performance.now() + timeoutMs
  for (;;) {
    let failure: unknown
    try {
      const value = await attempt()
      if (value !== null && value !== undefined && value !== false) return value
    } catch (error) {
      failure = error
    }
    if (performance.now() > until) throw new Error(`Not within ${timeoutMs} ms: ${attempt}`, { cause: failure })
    await sleep(25)
  }
}

type Entry = Readonly<{ pid: number; parent: number }>

/** Living processes; none where there is no /proc. */
function processes(): readonly Entry[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    // `pid (name) state ppid …`, where the name may hold anything.
    const stat = readProc(Number(name), 'stat')
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return state === undefined || state === '' || 'ZX'.includes(state)
      ? []
      : [{ pid: Number(name), parent: Number(parent) }]
  })
}

function readProc(pid: number, file: 'stat' | 'environ' | 'cmdline'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}

/** All that the process started and whatever these did, as far as their parents live. Linux only. */
export function descendants(pid: number): readonly number[] {
  const all = processes()
  const found = [pid]
  // Grows while it is walked.
  for (const parent of found) found.push(...all.filter((entry) => entry.parent === parent).map((entry) => entry.pid))
  return found.slice(1)
}

/** Whoever inherited the mark, parents alive or not. Linux only. */
export function bearersOf(mark: string): readonly number[] {
  return processes().flatMap(({ pid }) => {
    const variable = readProc(pid, 'environ')
      .split('\0')
      .find((line) => line.startsWith(`${MARK}=`))
    return pid !== process.pid &&
      variable
        ?.slice(MARK.length + 1)
        .split(',')
        .includes(mark)
      ? [pid]
      : []
  })
}

/** Whoever works in the folder or was given it as an argument: those whose environment was cleared are found so. Linux only. */
export function processesOn(folder: string): readonly number[] {
  return processes().flatMap(({ pid }) => {
    const words = [workingFolder(pid), ...readProc(pid, 'cmdline').split('\0')]
    const isOnIt = words.some((word) => word === folder || word.includes(`${folder}/`))
    return pid !== process.pid && isOnIt ? [pid] : []
  })
}

function workingFolder(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return ''
  }
}

/** Throws, and ends them, if processes that bear the mark or are at work on the folder are still there after a while. Linux only. */
export async function assertNoneLeft(
  { mark }: Readonly<{ mark: string }>,
  { withinMs = 5_000, folder }: Readonly<{ withinMs?: number; folder?: string }> = {},
): Promise<void> {
  const left = () => [...new Set([...bearersOf(mark), ...(folder === undefined ? [] : processesOn(folder))])]
  const none = await waitFor(() => left().length === 0, withinMs).catch(() => false)
  if (none) return
  const pids = left()
  const lines = pids.map((pid) => `${pid} ${readProc(pid, 'cmdline').replaceAll('\0', ' ').trim()}`)
  killAll(pids)
  throw new Error(`Left running:\n${lines.join('\n')}`)
}

export function killAll(pids: readonly number[], signal: NodeJS.Signals = 'SIGKILL'): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal)
    } catch {
      // It has just ended.
    }
  }
}
