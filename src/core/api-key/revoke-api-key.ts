import type { CorePorts } from '../../ports/core-ports.ts'
import { type Actor, by } from '../actor.ts'
import { NotFound } from '../errors.ts'
import type { ApiKeyId } from '../ids.ts'

/** For good; again is no error. Its next request is refused, and its event streams end within 5 s. Throws `NotFound`. */
export const revokeApiKey =
  ({ clock, unitOfWork }: Pick<CorePorts, 'clock' | 'unitOfWork'>) =>
  (actor: Actor, id: ApiKeyId): Promise<void> =>
    unitOfWork.run(actor.orgId, async ({ apiKeys, audit }) => {
      const outcome = await apiKeys.revoke(id, clock.now())
      if (outcome === 'none') throw new NotFound('api key')
      if (outcome === 'before') return
      await audit.record({
        ...by(actor),
        ...{ action: 'api-key.revoked', resourceType: 'api-key', resourceId: id },
      })
    })
