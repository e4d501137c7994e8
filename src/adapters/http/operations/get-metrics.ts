import { DomainError } from '../../../core/errors.ts'
import { forEverybody } from '../operation.ts'
import { maySeeDetails } from '../operator-access.ts'

export const getMetrics = forEverybody(({ registryText, secrets }) => async ({ req }) => {
  if (!maySeeDetails(req, secrets.metricsToken)) {
    throw new DomainError(
      'unauthenticated',
      'The figures are for this machine itself and for the token in METRICS_TOKEN.',
    )
  }
  return { status: 200, type: 'text/plain', body: await registryText.metrics() }
})
