import type { ChannelTokenStore } from '../../../ports/channel-tokens.ts'
import type { Tx } from '../transaction.ts'

export const createChannelTokenStore = (tx: Tx): ChannelTokenStore => ({
  async set(channelId, { setAt, expiresAt }) {
    await tx.affected(
      `insert into channel_tokens (channel_id, org_id, set_at, expires_at, next_check_at)
       values ($1, $2, $3, $4, $3::timestamptz + random() * interval '1 day')
       on conflict (channel_id) do update set set_at = excluded.set_at, expires_at = excluded.expires_at, alerted_days = null`,
      [channelId, tx.orgId, setAt, expiresAt],
    )
  },

  async doubt(channelId, at) {
    await tx.affected('update channel_tokens set doubted_at = $3 where org_id = $1 and channel_id = $2', [
      tx.orgId,
      channelId,
      at,
    ])
  },

  async prove(channelId, at) {
    await tx.affected('update channel_tokens set proven_at = $3 where org_id = $1 and channel_id = $2', [
      tx.orgId,
      channelId,
      at,
    ])
  },

  async lacks(channelId, permissions) {
    await tx.affected('update channel_tokens set missing_permissions = $3 where org_id = $1 and channel_id = $2', [
      tx.orgId,
      channelId,
      permissions,
    ])
  },

  async forget(channelId) {
    await tx.affected('delete from channel_tokens where org_id = $1 and channel_id = $2', [tx.orgId, channelId])
  },

  async age(channelId) {
    const [row] = await tx.rows<{ set_at: Date; expires_at: Date | null }>(
      'select set_at, expires_at from channel_tokens where org_id = $1 and channel_id = $2',
      [tx.orgId, channelId],
    )
    return row ? { setAt: row.set_at, expiresAt: row.expires_at } : null
  },

  async alert(channelId, { setAt, expiresAt }, days) {
    const changed = await tx.rows(
      `update channel_tokens set alerted_days = $5
       where org_id = $1 and channel_id = $2 and set_at = $3 and expires_at = $4 and (alerted_days is null or alerted_days > $5)
       returning 1`,
      [tx.orgId, channelId, setAt, expiresAt, days],
    )
    return changed.length > 0
  },
})
