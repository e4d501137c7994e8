import type { Clock } from '../../ports/clock.ts'
import type { HealthCheck, HttpDeps } from './http-deps.ts'

/** Anybody may ask, so asking often must cost nothing. */
const CACHE_MS = 1_000

export type ReadinessAnswer = Readonly<{
  status: 200 | 503
  body: Readonly<{
    /** `degraded`: something is missing that others can be served without. */
    status: 'ok' | 'degraded' | 'unavailable'
    /** By name; null for whoever may not see details. */
    checks: Readonly<Record<string, Pick<HealthCheck, 'ok' | 'detail'>>> | null
  }>
}>

/** What `/readyz` answers, of any process: what it needs is there, and it is not about to end. */
export function readinessAnswers(
  { health, clock }: { health: HttpDeps['health']; clock: Pick<Clock, 'monotonicMs'> },
  isClosing: () => boolean,
): (options: { details: boolean }) => Promise<ReadinessAnswer> {
  let askedAt = Number.NEGATIVE_INFINITY
  let results: Promise<readonly HealthCheck[]>

  return async ({ details }) => {
    const now = clock.monotonicMs()
    if (now - askedAt >= CACHE_MS) {
      askedAt = now
      results = health.ready()
    }
    const found = await results
    const checks = Object.fromEntries(found.map(({ name, ok, detail }) => [name, { ok, detail }]))
    const serves = !isClosing() && found.every(({ ok, canWait }) => ok || canWait)
    const status = !serves ? 'unavailable' : found.every(({ ok }) => ok) ? 'ok' : 'degraded'
    return { status: serves ? 200 : 503, body: { status, checks: details ? checks : null } }
  }
}
