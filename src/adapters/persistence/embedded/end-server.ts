import { setTimeout as sleep } from 'node:timers/promises'
import { errnoOf } from './errno.ts'
import { isRunning, type Postmaster } from './postmaster.ts'
import { processesIn } from './process-status.ts'

const LOOK_EVERY_MS = 10

/**
 * Fast shutdown (sessions are ended, data written out), then immediate (the next start recovers), then by force.
 * https://www.postgresql.org/docs/18/server-shutdown.html
 */
const STEPS = [
  { signal: 'SIGINT', withinMs: 15_000 },
  { signal: 'SIGQUIT', withinMs: 10_000 },
  { signal: 'SIGKILL', withinMs: 5_000 },
] as const

/** Ends the server and waits until it is gone. True when it went by a fast shutdown. */
export async function endPostmaster(postmaster: Postmaster): Promise<boolean> {
  for (const { signal, withinMs } of STEPS) {
    const until = Date.now() + withinMs
    // Asked again right before each signal: by then the pid could be somebody else's.
    if (isRunning(postmaster)) send(postmaster.pid, signal)
    while (isRunning(postmaster) && Date.now() < until) await sleep(LOOK_EVERY_MS)
    if (!isRunning(postmaster)) return signal === 'SIGINT'
  }
  return false
}

/**
 * Ends what a killed server left at work on the folder (a session busy with a long query does not notice its end), for
 * a new server cannot start beside it. Only where no server runs; nothing is lost that was committed.
 */
export function endOrphans(dataDir: string): void {
  for (const pid of processesIn(dataDir)) send(pid, 'SIGKILL')
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error
  }
}
