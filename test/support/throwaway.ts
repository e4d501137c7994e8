import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { waitFor } from './processes.ts'

/** A server of the tests' own: on a private port, with its data in a folder of its own, and gone afterwards. */
export type Throwaway = Readonly<{
  url: string
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

/** Waits until the started server answers. One that does not is ended, and what it wrote is in the error. */
export async function untilItAnswers({
  name,
  url,
  server,
  ask,
  stopBy,
  cleanUp,
}: Readonly<{
  name: string
  url: string
  server: ChildProcess
  ask: () => Promise<void>
  stopBy: NodeJS.Signals
  cleanUp: () => Promise<void>
}>): Promise<Throwaway> {
  const written: string[] = []
  for (const stream of [server.stdout, server.stderr]) stream?.on('data', (chunk) => written.push(String(chunk)))
  const killIt = () => void server.kill('SIGKILL')
  process.on('exit', killIt)
  const ended = once(server, 'close').then(
    ([code, signal]) => `ended with ${signal ?? code}`,
    (error: Error) => `could not be started (${error.message})`,
  )

  let disposal: Promise<void> | null = null
  const dispose = async () => {
    server.kill(stopBy)
    const timer = setTimeout(killIt, 10_000)
    await ended
    clearTimeout(timer)
    process.off('exit', killIt)
    await cleanUp()
  }
  const throwaway: Throwaway = { url, dispose: () => (disposal ??= dispose()) }

  const answers = waitFor(async () => ask().then(() => true), 30_000).then(
    () => null,
    () => 'did not answer within 30 s',
  )
  const trouble = await Promise.race([answers, ended])
  if (trouble === null) return throwaway
  await throwaway.dispose()
  // What was written last may still be on its way.
  await sleep(0)
  throw new Error(`The throwaway ${name} ${trouble}.\n${written.join('').split('\n').slice(-20).join('\n')}`)
}
