import { type ChildProcess, spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { endOrphans, endPostmaster } from './end-server.ts'
import { findPostmaster, type Postmaster, removeMisleadingFiles } from './postmaster.ts'
import { processStart } from './process-status.ts'
import { PROGRAM_ENV } from './run-program.ts'
import { openServerLog } from './server-log.ts'
import { waitUntilReady } from './server-ready.ts'
import { type ServerUser, spawnIds } from './server-user.ts'

export type ServerPlan = Readonly<{
  dataDir: string
  nativeDir: string
  socketDir: string
  port: number
  logPath: string
  user: ServerUser
}>

/** What a killed server's last processes hold for a moment; they end when they notice. */
const STILL_HELD = /pre-existing shared memory block|lock file "[^"]*" already exists/
const RETRY_EVERY_MS = 100
const ORPHANS_END_BY_THEMSELVES_MS = 1_000
const GIVE_UP_AFTER_MS = 15_000

/**
 * Starts the server and waits until it takes connections. Call it holding the group's lock, with no server running. If
 * another one came up meanwhile (an orphaned start of a process that was killed), that one is returned.
 */
export async function startServer(plan: ServerPlan, signal?: AbortSignal): Promise<Postmaster> {
  const startedAt = Date.now()
  for (;;) {
    signal?.throwIfAborted()
    removeMisleadingFiles(plan.dataDir, plan.socketDir, plan.port)
    const attempt = await tryStart(plan, signal)
    if (typeof attempt === 'object') return attempt
    const other = findPostmaster(plan.dataDir)
    if (other !== null && (await waitUntilReady(plan.dataDir, other, signal)) !== null) return other
    const waitedMs = Date.now() - startedAt
    if (!STILL_HELD.test(attempt) || waitedMs > GIVE_UP_AFTER_MS) {
      throw new EmbeddedPostgresError(
        'start-failed',
        `PostgreSQL did not start on ${plan.dataDir}: ${attempt || 'it ended at once'} (more in ${plan.logPath}).`,
      )
    }
    if (waitedMs > ORPHANS_END_BY_THEMSELVES_MS) endOrphans(plan.dataDir)
    await sleep(RETRY_EVERY_MS)
  }
}

/** The running server, or what it complained about. */
async function tryStart(plan: ServerPlan, signal: AbortSignal | undefined): Promise<Postmaster | string> {
  const log = await openServerLog(plan.logPath)
  try {
    // In a session of its own, so that Ctrl-C in our terminal does not reach it.
    const child = spawn(join(plan.nativeDir, 'bin', 'postgres'), serverArguments(plan), {
      ...spawnIds(plan.user),
      cwd: dirname(plan.dataDir),
      env: PROGRAM_ENV,
      stdio: ['ignore', log.fd, log.fd],
      detached: true,
    })
    const failed = await startError(child)
    child.unref()
    if (failed !== null || child.pid === undefined) return failed ?? 'no process'
    const postmaster: Postmaster = { pid: child.pid, start: processStart(child.pid) ?? '' }
    try {
      if ((await waitUntilReady(plan.dataDir, postmaster, signal)) !== null) return postmaster
    } catch (error) {
      await endPostmaster(postmaster)
      throw error
    }
    return await log.complaints()
  } finally {
    await log.close()
  }
}

function startError(child: ChildProcess): Promise<string | null> {
  return new Promise((resolve) => {
    child.once('spawn', () => resolve(null))
    child.once('error', (error) => resolve(error.message))
  })
}

function serverArguments({ dataDir, socketDir, port }: ServerPlan): readonly string[] {
  const settings: Readonly<Record<string, string>> = {
    listen_addresses: '',
    port: String(port),
    unix_socket_directories: `"${socketDir.replaceAll('"', '""')}"`,
    unix_socket_permissions: '0700',
    max_connections: '100',
    shared_buffers: '128MB',
    fsync: 'on',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // Queue tables turn over fast.
    autovacuum_naptime: '5s',
    autovacuum_vacuum_cost_limit: '2000',
    log_destination: 'stderr',
    logging_collector: 'off',
    log_line_prefix: '%m [%p] ',
    log_checkpoints: 'off',
    // Statements and details carry people's data.
    log_error_verbosity: 'terse',
    log_min_error_statement: 'panic',
  }
  return ['-D', dataDir, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
}
