import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../../ports/logger.ts'
import { isConnectionError } from '../postgres-kit/errors.ts'
import { databaseUnreachable } from './connect-failure.ts'

/** Whoever starts and can wait. */
export type Waiting = Readonly<{
  /** Told why with every try in vain, and null when it waits no longer. */
  waitsFor(dependency: 'database', why: string | null): void
  /** Once aborted, the waiting is over and rejects. */
  signal: AbortSignal | undefined
}>

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 2_000

/**
 * Tries until the server is there; it says once that it waits. A process that ended instead would be started again and again,
 * and what starts it would come later and later. Without `waiting` there is one try.
 */
export async function whenThere<T>(
  attempt: () => Promise<T>,
  { waiting, log }: Readonly<{ waiting: Waiting | undefined; log: Logger }>,
): Promise<T> {
  const since = performance.now()
  for (let tries = 0; ; tries++) {
    try {
      const found = await attempt()
      if (tries > 0) log.info({ waitedMs: Math.round(performance.now() - since) }, 'the database is there')
      waiting?.waitsFor('database', null)
      return found
    } catch (error) {
      const why = databaseUnreachable(error) ?? (isConnectionError(error) ? 'The database does not answer.' : null)
      if (waiting === undefined || why === null) throw error
      if (tries === 0) log.warn({ reason: why }, 'waiting for the database')
      waiting.waitsFor('database', why)
    }
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(tries, 5))
    await sleep(pauseMs * (0.5 + Math.random() / 2), undefined, waiting.signal && { signal: waiting.signal })
  }
}
