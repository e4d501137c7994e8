import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { errnoOf } from './errno.ts'
import { exists, type ProcessStart, processStart, worksIn } from './process-status.ts'

/** What a server writes about itself into its data folder. Its parts appear one after another while it starts. */
export type PostmasterFile = Readonly<{
  pid: number
  /** As it was named at the start. */
  dataDir: string | null
  port: number | null
  socketDir: string | null
  status: 'starting' | 'stopping' | 'ready' | 'standby' | null
}>

/** A server process, told apart from a later one under the same pid. */
export type Postmaster = Readonly<{ pid: number; start: ProcessStart }>

const STATUSES = ['starting', 'stopping', 'ready', 'standby'] as const

const filePath = (dataDir: string) => join(dataDir, 'postmaster.pid')

/** https://www.postgresql.org/docs/18/storage-file-layout.html lists the lines. */
export const readPostmasterFile = (dataDir: string): PostmasterFile | null => readLockFile(filePath(dataDir))

function readLockFile(path: string): PostmasterFile | null {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return null
    throw error
  }
  const lines = text.split('\n').map((line) => line.trim())
  const pid = Number(lines[0])
  if (!Number.isSafeInteger(pid) || pid <= 0) return null
  const port = Number(lines[3])
  return {
    pid,
    dataDir: lines[1] || null,
    port: Number.isSafeInteger(port) && port > 0 ? port : null,
    socketDir: lines[4] || null,
    status: STATUSES.find((status) => status === lines[7]) ?? null,
  }
}

/** The server at work on the folder, or null. `dataDir` has no symbolic links in it. */
export const findPostmaster = (dataDir: string): Postmaster | null => holder(readPostmasterFile(dataDir), dataDir)

function holder(file: PostmasterFile | null, dataDir: string): Postmaster | null {
  if (file === null) return null
  const start = processStart(file.pid)
  return start !== null && worksIn(file.pid, dataDir) ? { pid: file.pid, start } : null
}

export const isRunning = ({ pid, start }: Postmaster): boolean => processStart(pid) === start

/**
 * Removes the lock files of a server that is gone when its pid is taken (again, after a reboot or in a new container
 * where pids start small, or still, by a process that ended and was not collected). PostgreSQL would take whatever that
 * is for the server and refuse to start.
 */
export function removeMisleadingFiles(dataDir: string, socketDir: string, port: number): void {
  for (const path of [filePath(dataDir), join(socketDir, `.s.PGSQL.${port}.lock`)]) {
    const file = readLockFile(path)
    if (file !== null && exists(file.pid) && holder(file, dataDir) === null) rmSync(path, { force: true })
  }
}
