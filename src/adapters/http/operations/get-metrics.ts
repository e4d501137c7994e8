import { DomainError } from '../../../core/errors.ts'
import { forEverybody } from '../operation.ts'
import { FIGURES_ARE_PRIVATE, maySeeDetails } from '../operator-access.ts'

export const getMetrics = forEverybody(({ registryText, secrets }) => async ({ req }) => {
  if (!maySeeDetails(req, secrets.metricsToken)) {
    throw new DomainError('unauthenticated', FIGURES_ARE_PRIVATE)
  }
  return { status: 200, type: 'text/plain', body: await registryText.metrics() }
})
