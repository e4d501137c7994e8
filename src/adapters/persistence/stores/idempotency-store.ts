import type { IdempotencyStore } from '../../../ports/idempotency-store.ts'
import type { Tx } from '../transaction.ts'

/** Until `complete` says what the request made. */
const UNDER_WAY = 0

export const createIdempotencyStore = (tx: Tx): IdempotencyStore => ({
  async claim({ memberId, route, key }, fingerprint) {
    // The insert waits for another transaction that claims the same key. One that is older than its 24 hours is as good as gone.
    const fresh = await tx.rows(
      `insert into idempotency_keys (org_id, member_id, route, key, fingerprint, status, body)
       values ($1, $2, $3, $4, $5, ${UNDER_WAY}, 'null')
       on conflict (org_id, member_id, route, key) do update
         set fingerprint = excluded.fingerprint, status = excluded.status, body = excluded.body, created_at = excluded.created_at
         where idempotency_keys.created_at < now() - interval '24 hours'
       returning key`,
      [tx.orgId, memberId, route, key, fingerprint],
    )
    if (fresh.length > 0) return { state: 'fresh' }
    const [known] = await tx.rows<{ fingerprint: string; body: unknown }>(
      'select fingerprint, body from idempotency_keys where org_id = $1 and member_id = $2 and route = $3 and key = $4',
      [tx.orgId, memberId, route, key],
    )
    if (!known) throw new Error('an idempotency key was claimed and is not there')
    return { state: 'known', ...known }
  },

  async complete({ memberId, route, key }, status, body) {
    await tx.affected(
      `update idempotency_keys set status = $5, body = $6 where org_id = $1 and member_id = $2 and route = $3 and key = $4`,
      [tx.orgId, memberId, route, key, status, JSON.stringify(body)],
    )
  },
})
