import type { ApiKeyId } from '../../../core/ids.ts'
import { sidOfKey } from '../api-key-caller.ts'
import { forMembers, nothing } from '../operation.ts'

export const revokeApiKey = forMembers(({ core, security, streams }) => async (call) => {
  const { actor, params } = call
  const id = params['apiKeyId'] as ApiKeyId
  await core.revokeApiKey(actor, id)
  // Those of other processes find out by themselves.
  streams.endSession(sidOfKey(id))
  security.done('api-key.revoked', call, { resourceId: id })
  return nothing()
})
