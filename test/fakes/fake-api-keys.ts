import { apiKeySecrets } from '../../src/adapters/security/api-key-secrets.ts'
import { standsAt } from '../../src/core/api-key/api-key.ts'
import { NotFound } from '../../src/core/errors.ts'
import type { ApiKeyId, OrgId, UserId } from '../../src/core/ids.ts'
import type { Core } from '../../src/core/index.ts'
import type { ApiKeyQueries } from '../../src/ports/api-keys.ts'
import type { ApiKeyView } from '../../src/ports/views.ts'
import { ids } from '../support/seed.ts'

type Kept = ApiKeyView & Readonly<{ secret: string; userId: UserId }>

/** Keys of every organization, found by their secret. */
export class FakeApiKeys implements ApiKeyQueries {
  readonly kept = new Map<ApiKeyId, Kept>()

  keys: ApiKeyQueries['keys'] = async (orgId) => ({ data: this.#of(orgId).map(viewOf), next: null })
  key: ApiKeyQueries['key'] = async (orgId, id) =>
    this.#of(orgId)
      .map(viewOf)
      .find((one) => one.id === id) ?? null

  readonly createApiKey: Core['createApiKey'] = async ({ orgId, memberId, userId }, input) => {
    const { secret, hint } = apiKeySecrets.make()
    const id = ids.next() as ApiKeyId
    const view = { ...input, id, orgId, memberId, hint, lastUsedAt: null, createdAt: new Date(), revokedAt: null }
    this.kept.set(id, { ...view, secret, userId })
    return { key: view, secret }
  }

  readonly revokeApiKey: Core['revokeApiKey'] = async ({ orgId }, id) => {
    const key = this.#of(orgId).find((one) => one.id === id)
    if (key === undefined) throw new NotFound('api key')
    this.kept.set(id, { ...key, revokedAt: key.revokedAt ?? new Date() })
  }

  readonly useApiKey: Core['useApiKey'] = async ({ secret }) => {
    const found = [...this.kept.values()].find((one) => one.secret === secret)
    return found && standsAt(found, new Date())
      ? { key: found, endedId: null }
      : { key: null, endedId: found?.id ?? null }
  }

  readonly apiKeyStands: Core['apiKeyStands'] = async (id) => {
    const key = this.kept.get(id)
    return key !== undefined && standsAt(key, new Date())
  }

  #of = (orgId: OrgId) => [...this.kept.values()].filter((one) => one.orgId === orgId)
}

const viewOf = ({ secret: _, userId: _u, ...view }: Kept): ApiKeyView => view
