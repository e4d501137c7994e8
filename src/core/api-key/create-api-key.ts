import type { CorePorts } from '../../ports/core-ports.ts'
import type { ApiKeyView } from '../../ports/views.ts'
import { type Actor, by } from '../actor.ts'
import type { ApiKeyId, ChannelId } from '../ids.ts'
import type { Permission } from '../member/permissions.ts'
import { makeRoom } from '../organization/organization-limits.ts'
import { checkNewKey } from './api-key.ts'

export type CreateApiKeyInput = Readonly<{
  name: string
  scopes: readonly Permission[]
  channelIds: readonly ChannelId[] | null
  allowedCidrs: readonly string[] | null
  expiresAt: Date | null
}>

/**
 * A key of the member who asks. The secret is answered this once and kept as a hash. Throws `NotFound` for a channel that is not
 * the organization's, DomainError `scope-exceeds-grantor` or `api-key-invalid`, `OrganizationLimitReached`.
 */
export const createApiKey =
  (ports: Pick<CorePorts, 'apiKeySecrets' | 'clock' | 'ids' | 'settings' | 'unitOfWork'>) =>
  async (actor: Actor, input: CreateApiKeyInput): Promise<Readonly<{ key: ApiKeyView; secret: string }>> => {
    const { apiKeySecrets, clock, ids, unitOfWork } = ports
    const now = clock.now()
    checkNewKey(input, actor.permissions, now)
    const { secret, hash, hint } = apiKeySecrets.make()
    const key: ApiKeyView = {
      id: ids.next() as ApiKeyId,
      orgId: actor.orgId,
      memberId: actor.memberId,
      name: input.name.trim(),
      hint,
      scopes: [...new Set(input.scopes)],
      channelIds: input.channelIds && [...new Set(input.channelIds)],
      allowedCidrs: input.allowedCidrs,
      expiresAt: input.expiresAt,
      lastUsedAt: null,
      createdAt: now,
      revokedAt: null,
    }
    await unitOfWork.run(actor.orgId, async (stores) => {
      const { apiKeys, audit, channels } = stores
      for (const id of key.channelIds ?? []) await channels.get(id)
      await makeRoom(ports, stores, 'api-keys')
      await apiKeys.add(key, hash)
      await audit.record({
        ...by(actor),
        ...{ action: 'api-key.created', resourceType: 'api-key', resourceId: key.id },
      })
    })
    return { key, secret }
  }
