import { join } from 'node:path'
import { readPostmasterFile } from '../../src/adapters/persistence/embedded/postmaster.ts'
import { descendants, freePort, killAll, type StartedProcess, startProcess, waitFor } from './processes.ts'
import { ROOT, settings } from './program.ts'

const START_WITHIN_MS = 180_000

export type MainProcess = Readonly<{
  url: string
  start(role?: string): StartedProcess
  /** And misses nothing. */
  isReady(): Promise<boolean>
  /** Rejects when the process ends before. */
  ready(process: StartedProcess): Promise<void>
  /** As a crash of the embedded server: its postmaster alone, or all of its processes at once. */
  killDatabase(what: 'postmaster' | 'all'): void
  /** Of the embedded database as it runs now, for its superuser. */
  databaseUrl(): string
}>

/** src/main.ts without npm around it, so that a signal hits the program itself; every start on the same data and port. */
export async function mainProcess(dataDir: string, given: Readonly<Record<string, string>>): Promise<MainProcess> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const env = settings({ ...given, DATA_DIR: dataDir, PORT: String(port) })
  const isReady = () =>
    fetch(`${url}/readyz`)
      .then(async (answer) => ((await answer.json()) as { status: string }).status === 'ok')
      .catch(() => false)
  const pgDir = join(dataDir, 'pg')
  const start = (role?: string) =>
    startProcess(process.execPath, ['src/main.ts', ...(role ? [role] : [])], env, { cwd: ROOT })
  return {
    url,
    isReady,
    start,
    async ready({ exited, output }) {
      const ended = exited.then((exit) => Promise.reject(new Error(`It ended (${JSON.stringify(exit)}):\n${output()}`)))
      await Promise.race([waitFor(isReady, START_WITHIN_MS), ended])
    },
    killDatabase(what) {
      const postmaster = readPostmasterFile(pgDir)?.pid
      if (postmaster) killAll(what === 'all' ? [postmaster, ...descendants(postmaster)] : [postmaster])
    },
    databaseUrl() {
      const { socketDir, port } = readPostmasterFile(pgDir) ?? {}
      const place = new URLSearchParams({ host: String(socketDir), port: String(port), user: 'bootstrap' })
      return `postgres:///delightchat?${place}`
    },
  }
}
