import { DatabaseSync } from 'node:sqlite'

/** A lock that ends with its holder, however that one ends. */
export type KernelLock = Readonly<{ release(): void }>

const SQLITE_BUSY = 5

/**
 * Takes an exclusive lock on a file of its own, or returns null while somebody, in this process or another, has it.
 *
 * Node has no `flock`. SQLite, which is part of it, locks its files through the kernel (`fcntl`) and keeps threads of one
 * process apart too, so an empty database in an exclusive transaction is a lock that cannot go stale. As with any
 * `fcntl` lock, nothing else in this process may open the file: closing it again would drop the lock.
 */
export function tryLock(path: string): KernelLock | null {
  const database = new DatabaseSync(path)
  try {
    database.exec('pragma journal_mode = memory')
    database.exec('begin exclusive')
  } catch (error) {
    database.close()
    if (isBusy(error)) return null
    throw error
  }
  return {
    release() {
      if (database.isOpen) database.close()
    },
  }
}

function isBusy(error: unknown): boolean {
  return (
    error instanceof Error &&
    'errcode' in error &&
    typeof error.errcode === 'number' &&
    (error.errcode & 0xff) === SQLITE_BUSY
  )
}
