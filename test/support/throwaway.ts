import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { descendants, killAll, waitFor } from './processes.ts'

/** A server of the tests' own: on a private port, with its data in a folder of its own, and gone afterwards. */
export type Throwaway = Readonly<{
  url: string
  /** Of its first process; null while it does not run. */
  pid(): number | null
  /** As a crash: SIGKILL to it and to all that it started. */
  kill(): Promise<void>
  /** In order, as its operator would. */
  stop(): Promise<void>
  /** Again, on the same data and port; resolves when it answers. */
  start(): Promise<void>
  /** Takes connections and answers nothing, until resumed: SIGSTOP and SIGCONT to all of its processes. */
  pause(): void
  resume(): void
  /** Ends the server and removes its folder; a second call does nothing. */
  dispose(): Promise<void>
}>

export const programOnPath = (name: string): string | null =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isProgram) ?? null

export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

type ServerOptions = Readonly<{
  name: string
  url: string
  spawn: () => ChildProcess
  /** Resolves when the server answers. */
  ask: () => Promise<void>
  answersWithinMs?: number
  stopBy: NodeJS.Signals
  cleanUp: () => Promise<void>
}>

type Running = Readonly<{ server: ChildProcess; ended: Promise<string>; written: readonly string[] }>

/** Starts the server and waits until it answers. One that does not is ended, and what it wrote is in the error. */
export async function throwawayServer(options: ServerOptions): Promise<Throwaway> {
  const { name, url, ask, answersWithinMs = 90_000, stopBy, cleanUp } = options
  let running: Running | null = null
  const signalAll = (signal: NodeJS.Signals): void => {
    const pid = running?.server.pid
    if (pid !== undefined) killAll([pid, ...descendants(pid)], signal)
  }
  const killIt = () => signalAll('SIGKILL')
  process.on('exit', killIt)

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (running === null) return
    const { server, ended } = running
    // What is stopped hears nothing but SIGKILL.
    signalAll('SIGCONT')
    if (signal === 'SIGKILL') killIt()
    else server.kill(signal)
    const timer = setTimeout(killIt, 10_000)
    await ended
    clearTimeout(timer)
    running = null
  }

  const start = async (): Promise<void> => {
    if (running !== null) throw new Error(`The throwaway ${name} runs.`)
    const started = launch(options.spawn)
    running = started
    const answers = waitFor(async () => ask().then(() => true), answersWithinMs).then(
      () => null,
      () => `did not answer within ${answersWithinMs / 1_000} s`,
    )
    const trouble = await Promise.race([answers, started.ended])
    if (trouble === null) return
    await end('SIGKILL')
    // What was written last may still be on its way.
    await sleep(0)
    throw new Error(`The throwaway ${name} ${trouble}.\n${started.written.join('').split('\n').slice(-20).join('\n')}`)
  }

  let disposal: Promise<void> | null = null
  const dispose = async () => {
    await end(stopBy)
    process.off('exit', killIt)
    await cleanUp()
  }
  const throwaway: Throwaway = {
    url,
    pid: () => running?.server.pid ?? null,
    kill: () => end('SIGKILL'),
    stop: () => end(stopBy),
    start,
    pause: () => signalAll('SIGSTOP'),
    resume: () => signalAll('SIGCONT'),
    dispose: () => (disposal ??= dispose()),
  }
  await start().catch(async (error: unknown) => {
    await throwaway.dispose()
    throw error
  })
  return throwaway
}

function launch(spawn: () => ChildProcess): Running {
  const server = spawn()
  const written: string[] = []
  for (const stream of [server.stdout, server.stderr]) stream?.on('data', (chunk) => written.push(String(chunk)))
  const ended = once(server, 'close').then(
    ([code, signal]) => `ended with ${signal ?? code}`,
    (error: Error) => `could not be started (${error.message})`,
  )
  return { server, ended, written }
}
