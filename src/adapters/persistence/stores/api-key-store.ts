import type { ApiKeyStore } from '../../../ports/api-keys.ts'
import type { Tx } from '../transaction.ts'
import { isUuid } from '../uuid.ts'

export const createApiKeyStore = (tx: Tx): ApiKeyStore => ({
  async add(key, hash) {
    await tx.affected(
      `insert into api_keys (id, org_id, member_id, name, hash, hint, scopes, by_channel, allowed_cidrs, expires_at, created_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
      [
        ...[key.id, tx.orgId, key.memberId, key.name, hash, key.hint, key.scopes],
        ...[key.channelIds !== null, key.allowedCidrs, key.expiresAt, key.createdAt],
      ],
    )
    if (key.channelIds === null) return
    await tx.affected('insert into api_key_channels (org_id, key_id, channel_id) select $1, $2, unnest($3::uuid[])', [
      tx.orgId,
      key.id,
      key.channelIds,
    ])
  },

  async revoke(id, now) {
    if (!isUuid(id)) return 'none'
    const revoked = await tx.affected(
      'update api_keys set revoked_at = $3 where org_id = $1 and id = $2 and revoked_at is null',
      [tx.orgId, id, now],
    )
    if (revoked > 0) return 'revoked'
    const there = await tx.rows('select id from api_keys where org_id = $1 and id = $2', [tx.orgId, id])
    return there.length > 0 ? 'before' : 'none'
  },
})
