import { setTimeout as sleep } from 'node:timers/promises'
import { check, type Evidence, type Verdict } from './checker.ts'

const LOOK_EVERY_MS = 500

export type RestOptions = Readonly<{
  /** More than leases, retries and looks at what is in doubt take together on a machine with much else to do. */
  withinMs?: number
  /** What is missing must have been missing for so long: the broker does not count what a consumer has in hand. */
  missingForMs?: number
}>

/**
 * The verdict on a run once it is at rest: nothing is stuck, and what is broken nevertheless stays as it is. One that finds no
 * rest is judged as it is then. `look` may reject while the servers are still coming back.
 */
export async function atRest(
  look: () => Promise<Evidence>,
  { withinMs = 240_000, missingForMs = 10_000 }: RestOptions = {},
): Promise<Verdict> {
  const until = performance.now() + withinMs
  let broken = ''
  let sinceMs = 0
  for (;;) {
    const isLast = performance.now() > until
    const evidence = await look().catch((error: unknown) => {
      if (isLast) throw error
      return null
    })
    if (evidence !== null) {
      const verdict = check(evidence)
      if (isLast || verdict.violations.length === 0) return verdict
      const now = JSON.stringify(verdict.violations)
      if (now !== broken) {
        broken = now
        sinceMs = performance.now()
      }
      if (verdict.stuck === 0 && performance.now() - sinceMs >= missingForMs) return verdict
    }
    await sleep(LOOK_EVERY_MS)
  }
}
