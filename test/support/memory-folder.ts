import { accessSync, chmodSync, constants, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { freemem } from 'node:os'
import { join } from 'node:path'

/** Linux has it nearly everywhere; a container's has 64 MiB unless told otherwise. */
const FOLDER = '/dev/shm'
/** What a whole run has there at most is about half of it: databases, and the write-ahead logs of their servers. */
const NEEDED_BYTES = 8 * 1024 ** 3

/**
 * A folder in memory with room for what the suites write and throw away, or null. A database is hundreds of files; on a disk each waits
 * for it, and ext4 without a journal looks at everything that was deleted in the last minutes before it makes one.
 */
export function memoryFolder(folder = FOLDER, freeBytes = freemem()): string | null {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return Math.min(bavail * bsize, freeBytes) >= NEEDED_BYTES && runsPrograms(folder) ? folder : null
  } catch {
    // Another system, or not ours to write to.
    return null
  }
}

/** Some copies of programs lie there, and a folder may be closed to them (`noexec`). */
function runsPrograms(folder: string): boolean {
  const probe = mkdtempSync(join(folder, 'dc-probe-'))
  try {
    const program = join(probe, 'program')
    writeFileSync(program, '')
    chmodSync(program, 0o755)
    accessSync(program, constants.X_OK)
    return true
  } finally {
    rmSync(probe, { recursive: true, force: true })
  }
}
