const AGAIN_MS = 60_000
/** Of one process; beyond them they are forgotten and told anew. */
const MOST_CAUSES = 10_000

/** Whether a cause is to be told now: null where it was within the last minute, else how many came untold since the last time. */
export type OnceAMinute = (cause: string) => number | null

/** What anybody can bring about as often as they like has a line a minute for each cause; the counters have them all. */
export function createOnceAMinute(nowMs: () => number = () => performance.now()): OnceAMinute {
  const told = new Map<string, { atMs: number; since: number }>()
  return (cause) => {
    const before = told.get(cause)
    const atMs = nowMs()
    if (before && atMs - before.atMs < AGAIN_MS) {
      before.since++
      return null
    }
    if (told.size >= MOST_CAUSES) told.clear()
    told.set(cause, { atMs, since: 0 })
    return before?.since ?? 0
  }
}
