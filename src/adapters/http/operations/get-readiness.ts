import type { HealthCheck } from '../http-deps.ts'
import { forEverybody, json } from '../operation.ts'
import { maySeeDetails } from '../operator-access.ts'

/** Anybody may ask, so asking often must cost nothing. */
const CACHE_MS = 1_000

export const getReadiness = forEverybody(({ clock, health, isClosing, secrets }) => {
  let askedAt = Number.NEGATIVE_INFINITY
  let results: Promise<readonly HealthCheck[]>

  return async ({ req }) => {
    const now = clock.monotonicMs()
    if (now - askedAt >= CACHE_MS) {
      askedAt = now
      results = health.ready()
    }
    const found = await results
    const ok = !isClosing() && found.every((check) => check.ok)
    const checks = Object.fromEntries(found.map(({ name, ok, detail }) => [name, { ok, detail }]))
    return json(ok ? 200 : 503, {
      status: ok ? 'ok' : 'unavailable',
      checks: maySeeDetails(req, secrets.metricsToken) ? checks : null,
    })
  }
})
