import { forEverybody } from '../operation.ts'
import { FIGURES_ARE_PRIVATE, maySeeDetails } from '../operator-access.ts'
import { RequestError } from '../request-error.ts'
import { marked } from '../security-refusals.ts'

export const getMetrics = forEverybody(({ registryText, secrets }) => async ({ req }) => {
  if (!maySeeDetails(req, secrets.metricsToken)) {
    throw marked(new RequestError('unauthenticated', FIGURES_ARE_PRIVATE), 'metrics.refused')
  }
  return { status: 200, type: 'text/plain', body: await registryText.metrics() }
})
