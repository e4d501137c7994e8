import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { constants, setPriority } from 'node:os'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
const GRACE_MS = 30_000

export type Child = Readonly<{
  /** Others come first at the processors from now on: it stands for machines of its own. */
  giveWay(): void
  /** The next message it sends. Rejects, with what it printed, when it ends without. */
  answer<T>(): Promise<T>
  send(message: object): void
  /** Rejects when it ends by itself. */
  alive: Promise<never>
  /** SIGTERM, and waits; what does not end is killed. */
  stop(): Promise<void>
}>

const running = new Set<ChildProcess>()
let interrupted = false

/** Ends all of them; whoever waits for one is told, and none is started any more. */
export function interrupt(): void {
  interrupted = true
  for (const child of running) child.kill('SIGKILL')
}
process.on('exit', interrupt)

/** A process of its own from one of our files, with this as its whole environment beside PATH and HOME. */
export function startChild(
  file: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  execArgv: readonly string[] = [],
): Child {
  if (interrupted) throw new Error('interrupted')
  const { PATH = '', HOME = '' } = process.env
  const child = fork(join(ROOT, file), [...args], {
    cwd: ROOT,
    env: { PATH, HOME, ...environment },
    execArgv: [...execArgv],
    // Dates and bytes arrive as such.
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  running.add(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-4_000)))
  }
  let stopping = false
  const exited = once(child, 'exit').then(() => void running.delete(child))
  const alive = exited.then((): Promise<never> => {
    if (stopping) return new Promise(() => {})
    throw new Error(`${[file, ...args].join(' ')} ended by itself:\n${output.trim()}`)
  })
  alive.catch(() => {})
  return {
    giveWay() {
      // Where it could not be started `alive` tells; 0 would be ourselves.
      if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW)
    },
    alive,
    answer: <T>() => Promise.race([once(child, 'message').then(([message]) => message as T), alive]),
    send: (message) => void child.send(message),
    async stop() {
      stopping = true
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
      await exited
      clearTimeout(timer)
    },
  }
}
