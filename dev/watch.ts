import { type ChildProcess, spawn } from 'node:child_process'
import { watch } from 'node:fs'
import { fileURLToPath } from 'node:url'

const settleMs = 200
const stopMs = 30_000
const watchedFile = /\.(ts|js|json|sql|yaml)$/

export type WatchOptions = Readonly<{
  /** A folder with `src/` and `openapi.yaml`. */
  root: string
  /** The program, relative to root. */
  entry: string
  args: readonly string[]
  say: (line: string) => void
}>

/**
 * Runs the program and starts it again whenever a source or the contract changes. Ends with the program's exit code when it was
 * told to stop, or when its first run ends by itself (port taken, wrong settings); a later failure waits for the next edit.
 */
export function runWatching({ root, entry, args, say }: WatchOptions): Promise<number> {
  const ended = Promise.withResolvers<number>()
  let child: ChildProcess | null = null
  let edits = 0
  let next: 'restart' | 'end' | null = null
  let settling: NodeJS.Timeout | undefined

  const start = () => {
    next = null
    child = spawn(process.execPath, [entry, ...args], {
      cwd: root,
      stdio: 'inherit',
      env: developmentEnvironment(process.env),
    })
    child.on('exit', (code, signal) => {
      child = null
      if (next === 'restart') start()
      else if (next === 'end' || edits === 0) ended.resolve(code ?? (next === 'end' ? 0 : 1))
      else say(`The program ended with ${signal ?? `exit code ${code}`}: it starts again with the next change.`)
    })
  }
  const stop = (signal: NodeJS.Signals) => {
    const stopping = child
    stopping?.kill(signal)
    const timer = setTimeout(() => stopping?.kill('SIGKILL'), stopMs)
    stopping?.once('exit', () => clearTimeout(timer))
    if (!stopping) clearTimeout(timer)
  }
  const onChange = (path: string) => {
    clearTimeout(settling)
    settling = setTimeout(() => {
      if (next === 'end') return
      edits += 1
      say(`${path} changed: starting again.`)
      if (!child) return start()
      if (next === null) stop('SIGTERM')
      next = 'restart'
    }, settleMs)
  }
  const onSignal = (signal: NodeJS.Signals) => {
    const waiting = child === null
    next = 'end'
    if (waiting) return ended.resolve(0)
    stop(signal)
  }

  const watchers = [
    watch(
      `${root}/src`,
      { recursive: true },
      (_, name) => name !== null && watchedFile.test(name) && onChange(`src/${name}`),
    ),
    watch(root, (_, name) => name === 'openapi.yaml' && onChange(name)),
  ]
  const signals: NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP']
  for (const signal of signals) process.on(signal, onSignal)
  start()
  return ended.promise.finally(() => {
    clearTimeout(settling)
    for (const watcher of watchers) watcher.close()
    for (const signal of signals) process.off(signal, onSignal)
  })
}

/** Hand-made webhook calls work while developing, unless said otherwise; production would refuse to start with the switch on. */
export function developmentEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (environment['NODE_ENV'] === 'production') return environment
  return { ...environment, ALLOW_UNVERIFIED_WEBHOOKS: environment['ALLOW_UNVERIFIED_WEBHOOKS'] || 'true' }
}

/** `npm run start:dev` */
export function main(args: readonly string[]): Promise<number> {
  const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')
  return runWatching({
    root,
    entry: 'run.js',
    args: ['start', ...args],
    say: (line) => console.error(`[start:dev] ${line}`),
  })
}
