import type { UserId } from '../../core/ids.ts'
import type { ApiKeyDirectory, ApiKeyHolder, ApiKeyQueries } from '../../ports/api-keys.ts'
import { API_KEY_COLUMNS, type ApiKeyRow, apiKeysById, apiKeysPage, apiKeyView } from './queries/api-keys.ts'
import { emptyPage } from './queries/conditions.ts'
import { asSystem, type Orm, readInOrganization } from './transaction.ts'
import { isUuid } from './uuid.ts'

const EVERY_MS = 60_000

export function createApiKeyDirectory({ orm }: { orm: Orm }): ApiKeyDirectory {
  const find = (column: 'id' | 'hash', value: string): Promise<ApiKeyHolder | null> =>
    asSystem(orm, async (tx) => {
      const [row] = await tx.rows<ApiKeyRow & { user_id: UserId }>(
        `select ${API_KEY_COLUMNS}, m.user_id from api_keys k
         join memberships m on m.org_id = k.org_id and m.id = k.member_id and m.active where k.${column} = $1`,
        [value],
      )
      return row ? { ...apiKeyView(row), userId: row.user_id } : null
    })

  return {
    byHash: (hash) => find('hash', hash),
    byId: async (id) => (isUuid(id) ? find('id', id) : null),
    async markUsed({ id, lastUsedAt }, now) {
      const before = new Date(now.getTime() - EVERY_MS)
      if (lastUsedAt !== null && lastUsedAt > before) return
      // Of those that saw the same time, one writes.
      await asSystem(orm, (tx) =>
        tx.affected(
          'update api_keys set last_used_at = $2 where id = $1 and (last_used_at is null or last_used_at <= $3)',
          [id, now, before],
        ),
      )
    },
  }
}

export const createApiKeyQueries = ({ orm }: { orm: Orm }): ApiKeyQueries => ({
  keys: async (orgId, page) =>
    isUuid(orgId) ? readInOrganization(orm, orgId, (tx) => apiKeysPage(tx, page)) : emptyPage,
  key: async (orgId, id) =>
    isUuid(orgId) && isUuid(id)
      ? ((await readInOrganization(orm, orgId, (tx) => apiKeysById(tx, id)))[0] ?? null)
      : null,
})
