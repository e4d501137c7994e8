import { forEverybody, json } from '../operation.ts'
import { maySeeDetails } from '../operator-access.ts'

export const getReadiness = forEverybody(({ health, isClosing, secrets }) => async ({ req }) => {
  const results = await health.ready()
  const ok = !isClosing() && results.every((result) => result.ok)
  const checks = Object.fromEntries(results.map(({ name, ok, detail }) => [name, { ok, detail }]))
  return json(ok ? 200 : 503, {
    status: ok ? 'ok' : 'unavailable',
    checks: maySeeDetails(req, secrets.metricsToken) ? checks : null,
  })
})
