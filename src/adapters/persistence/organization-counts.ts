import type { Counted } from '../../ports/organization-counts.ts'
import type { SystemTx } from './transaction.ts'

const COUNTS = {
  channels: `select count(*)::int as count from channels where org_id = $1 and status <> 'DISCONNECTED' and $2::timestamptz is not null`,
  members: `select ((select count(*) from memberships where org_id = $1 and (active or removed_at is null))
    + (select count(*) from invitations where org_id = $1 and expires_at > $2::timestamptz))::int as count`,
  'api-keys': `select count(*)::int as count from api_keys
    where org_id = $1 and revoked_at is null and (expires_at is null or expires_at > $2::timestamptz)`,
} as const satisfies Record<Counted, string>

/** Counted after whoever was first has committed: each statement sees what is there when it begins. */
export async function holdCount(tx: SystemTx, orgId: string, what: Counted, now: Date): Promise<number> {
  await tx.rows('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`${what} of ${orgId}`])
  const [row] = await tx.rows<{ count: number }>(COUNTS[what], [orgId, now])
  return row?.count ?? 0
}
