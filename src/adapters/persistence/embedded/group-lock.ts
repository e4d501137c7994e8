import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { type KernelLock, tryLock } from './kernel-lock.ts'

const LOOK_EVERY_MS = 25
const SAY_SO_AFTER_MS = 5_000
/** Whoever holds it is alive, perhaps recovering a big database. */
const GIVE_UP_AFTER_MS = 300_000

/** Runs `work` while no other process on the folder starts, adopts or stops the server, waiting for its turn. */
export async function withGroupLock<T>(runDir: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  const since = Date.now()
  let saidSo = false
  for (;;) {
    const lock = takeLock(runDir)
    if (lock !== null) return await runAndRelease(lock, work)
    const waitedMs = Date.now() - since
    if (waitedMs > GIVE_UP_AFTER_MS) {
      throw new EmbeddedPostgresError('in-use', `Another process keeps ${runDir} locked and does not get done.`)
    }
    if (waitedMs > SAY_SO_AFTER_MS && !saidSo) {
      saidSo = true
      onWait()
    }
    await sleep(LOOK_EVERY_MS)
  }
}

/** The same without waiting: false while another process is at it. */
export async function tryWithGroupLock(runDir: string, work: () => Promise<void>): Promise<boolean> {
  const lock = takeLock(runDir)
  if (lock === null) return false
  await runAndRelease(lock, work)
  return true
}

function takeLock(runDir: string): KernelLock | null {
  try {
    return tryLock(join(runDir, 'lock'))
  } catch (cause) {
    throw new EmbeddedPostgresError(
      'other-owner',
      `The lock in ${runDir} cannot be opened: start as the user who made that folder, or choose another DATA_DIR.`,
      { cause },
    )
  }
}

async function runAndRelease<T>(lock: KernelLock, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } finally {
    lock.release()
  }
}
