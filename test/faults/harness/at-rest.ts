import { setTimeout as sleep } from 'node:timers/promises'
import { check, type Evidence, type Verdict } from './checker.ts'

const LOOK_EVERY_MS = 500

export type RestOptions = Readonly<{
  /** For so long nothing may change any more: more than leases, retries and looks at what is in doubt take on a busy machine. */
  stillForMs?: number
  /** What is missing must have been missing for so long: the broker does not count what a consumer has in hand. */
  missingForMs?: number
}>

/**
 * The verdict on a run once it is at rest: nothing is stuck, and what is broken nevertheless stays as it is. One in which things
 * wait and nothing moves any more is judged as it is. `look` may reject while the servers are still coming back.
 */
export async function atRest(
  look: () => Promise<Evidence>,
  { stillForMs = 240_000, missingForMs = 10_000 }: RestOptions = {},
): Promise<Verdict> {
  let broken = ''
  let sinceMs = performance.now()
  for (;;) {
    const startedMs = performance.now()
    const isLast = startedMs - sinceMs > stillForMs
    const evidence = await look().catch((error: unknown) => {
      if (isLast) throw error
      return null
    })
    if (evidence !== null) {
      const verdict = check(evidence)
      if (verdict.violations.length === 0) return verdict
      const now = JSON.stringify(verdict.violations)
      if (now !== broken) sinceMs = startedMs
      else if (isLast || (verdict.stuck === 0 && startedMs - sinceMs >= missingForMs)) return verdict
      broken = now
    }
    // A run with much in it is not to be kept busy by being looked at.
    await sleep(Math.max(LOOK_EVERY_MS, performance.now() - startedMs))
  }
}
