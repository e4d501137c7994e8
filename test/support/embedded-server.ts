import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/adapters/persistence/embedded/index.ts'

const PREFIX = 'delightchat-tests-'
const quiet = { info: () => {}, warn: () => {} }

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** The process of the whole run: test files are its children, or its threads. */
const RUN = isMainThread ? process.ppid : process.pid

/** Test files of one run share the server: the first to come starts it, the last to leave stops it. */
export async function embeddedTestServer(): Promise<EmbeddedPostgres> {
  await removeLeftovers()
  const folder = join(tmpdir(), `${PREFIX}${RUN}`)
  await mkdir(folder, { recursive: true })
  await chmod(folder, 0o711)
  return startEmbeddedPostgres({ dataDir: join(folder, 'pg'), log: quiet })
}

/** Of runs that have ended; a server that outlived its run is taken over, and so ended. */
export async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = Number(name.slice(PREFIX.length))
    if (!name.startsWith(PREFIX) || !Number.isInteger(pid) || isAlive(pid)) continue
    const dataDir = join(tmpdir(), name, 'pg')
    try {
      if (existsSync(join(dataDir, 'postmaster.pid')))
        await (await startEmbeddedPostgres({ dataDir, log: quiet })).close()
      await rm(join(tmpdir(), name), { recursive: true, force: true })
    } catch {
      // Another run's, of another user say: not ours to end.
    }
  }
}
