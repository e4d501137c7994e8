import type { ApiKeyHolder } from '../../ports/api-keys.ts'
import type { CorePorts } from '../../ports/core-ports.ts'
import { DomainError } from '../errors.ts'
import type { ApiKeyId } from '../ids.ts'
import { isInNetwork } from '../network/networks.ts'
import { standsAt } from './api-key.ts'

type Ports = Pick<CorePorts, 'apiKeys' | 'apiKeySecrets' | 'clock'>

/** `endedId` names a key that is known and does not stand any more, for the log alone. */
export type UsedApiKey =
  | Readonly<{ key: ApiKeyHolder; endedId: null }>
  | Readonly<{ key: null; endedId: ApiKeyId | null }>

/**
 * Whose key it is; null for one that is none, has ended or was revoked, or whose maker is no active member any more. What its maker
 * may do now is to be looked up besides. Throws DomainError `ip-not-allowed`.
 */
export const useApiKey =
  ({ apiKeys, apiKeySecrets, clock }: Ports) =>
  async ({ secret, address }: { secret: string; address: string }): Promise<UsedApiKey> => {
    // What was mistyped costs no question.
    const hash = apiKeySecrets.hashOf(secret)
    if (hash === null) return { key: null, endedId: null }
    const key = await apiKeys.byHash(hash)
    const now = clock.now()
    if (key === null || !standsAt(key, now)) return { key: null, endedId: key?.id ?? null }
    const { allowedCidrs } = key
    if (allowedCidrs !== null && !allowedCidrs.some((network) => isInNetwork(address, network))) {
      throw new DomainError('ip-not-allowed', 'This key is not for use from where you are.', {
        extra: { apiKeyId: key.id },
      })
    }
    await apiKeys.markUsed(key, now)
    return { key, endedId: null }
  }

/** Whether a key that was let in still stands. */
export const apiKeyStands =
  ({ apiKeys, clock }: Pick<Ports, 'apiKeys' | 'clock'>) =>
  async (id: ApiKeyId): Promise<boolean> => {
    const key = await apiKeys.byId(id)
    return key !== null && standsAt(key, clock.now())
  }
