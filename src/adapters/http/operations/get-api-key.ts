import { NotFound } from '../../../core/errors.ts'
import type { ApiKeyId } from '../../../core/ids.ts'
import { forMembers, json } from '../operation.ts'

export const getApiKey = forMembers(({ apiKeys }) => async ({ actor, params }) => {
  const key = await apiKeys.key(actor.orgId, params['apiKeyId'] as ApiKeyId)
  if (key === null) throw new NotFound('api key')
  return json(200, key)
})
