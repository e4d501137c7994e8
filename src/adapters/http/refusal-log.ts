import type { Logger } from '../../ports/logger.ts'

const AGAIN_MS = 60_000
/** Of one process; beyond them they are forgotten and told anew. */
const MOST_CAUSES = 10_000

/**
 * Anybody can have deliveries refused, and as many as they like. Each cause has a line a minute, which says how many came since the
 * last one; the counters have them all.
 */
export function createRefusalLog(
  log: Logger,
  nowMs: () => number = () => performance.now(),
): (cause: string, fields: object) => void {
  const told = new Map<string, { atMs: number; since: number }>()
  return (cause, fields) => {
    const before = told.get(cause)
    const atMs = nowMs()
    if (before && atMs - before.atMs < AGAIN_MS) {
      before.since++
      return
    }
    if (told.size >= MOST_CAUSES) told.clear()
    told.set(cause, { atMs, since: 0 })
    log.warn(
      { ...fields, ...(before && before.since > 0 && { untold: before.since }) },
      'a webhook delivery was refused',
    )
  }
}
