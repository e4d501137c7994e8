import type { ApiKeyHolder } from '../../ports/api-keys.ts'
import type { CorePorts } from '../../ports/core-ports.ts'
import { DomainError } from '../errors.ts'
import type { ApiKeyId } from '../ids.ts'
import { isInNetwork } from '../network/networks.ts'
import { standsAt } from './api-key.ts'

type Ports = Pick<CorePorts, 'apiKeys' | 'apiKeySecrets' | 'clock'>

/**
 * Whose key it is; null for one that is none, has ended or was revoked, or whose maker is no active member any more. What its maker
 * may do now is to be looked up besides. Throws DomainError `ip-not-allowed`.
 */
export const useApiKey =
  ({ apiKeys, apiKeySecrets, clock }: Ports) =>
  async ({ secret, address }: { secret: string; address: string }): Promise<ApiKeyHolder | null> => {
    // What was mistyped costs no question.
    const hash = apiKeySecrets.hashOf(secret)
    if (hash === null) return null
    const key = await apiKeys.byHash(hash)
    const now = clock.now()
    if (key === null || !standsAt(key, now)) return null
    const { allowedCidrs } = key
    if (allowedCidrs !== null && !allowedCidrs.some((network) => isInNetwork(address, network))) {
      throw new DomainError('ip-not-allowed', 'This key is not for use from where you are.', {
        extra: { apiKeyId: key.id },
      })
    }
    await apiKeys.markUsed(key, now)
    return key
  }

/** Whether a key that was let in still stands. */
export const apiKeyStands =
  ({ apiKeys, clock }: Pick<Ports, 'apiKeys' | 'clock'>) =>
  async (id: ApiKeyId): Promise<boolean> => {
    const key = await apiKeys.byId(id)
    return key !== null && standsAt(key, clock.now())
  }
