import type { Client } from 'pg'

export const BATCH = 500

/**
 * Numbers what is committed, in the order of its identity column, without a gap in any organization. Only whoever holds the
 * relay's lock may run it, on the connection that holds it.
 */
const NUMBER = `
with batch as materialized (
  select id, org_id from event_log where seq is null order by id limit ${BATCH}
), sizes as (
  select org_id, count(*) as size from batch group by org_id
), counters as (
  insert into event_counters (org_id, last_seq) select org_id, size from sizes order by org_id
  on conflict (org_id) do update set last_seq = event_counters.last_seq + excluded.last_seq
  returning org_id, last_seq
), numbers as (
  select b.id, c.last_seq - s.size + row_number() over (partition by b.org_id order by b.id) as seq
  from batch b join sizes s on s.org_id = b.org_id join counters c on c.org_id = b.org_id
), numbered as (
  update event_log e set seq = n.seq from numbers n where e.id = n.id returning e.org_id, e.seq
)
select org_id as "orgId", max(seq)::text as "lastSeq", count(*)::int as count
from numbered group by org_id order by org_id`

/** `lastSeq` is a decimal string: a bigint. */
export type NumberedOrg = Readonly<{ orgId: string; lastSeq: string; count: number }>

export async function numberEvents(client: Client): Promise<readonly NumberedOrg[]> {
  const { rows } = await client.query<NumberedOrg>(NUMBER)
  return rows
}

/** The payload of `events-numbered`, or undefined when it would be too long: then readers look at all their organizations. */
export function numberedPayload(orgs: readonly NumberedOrg[]): string | undefined {
  const payload = JSON.stringify(orgs.map(({ orgId, lastSeq }) => [orgId, lastSeq]))
  return payload.length <= 4_000 ? payload : undefined
}

/** What a listener to `events-numbered` was told: organizations and their last numbers; null for "any of them". */
export function readNumberedPayload(
  payload: string | undefined,
): readonly Readonly<{ orgId: string; lastSeq: string }>[] | null {
  if (payload === undefined) return null
  try {
    const pairs = JSON.parse(payload) as [string, string][]
    return pairs.map(([orgId, lastSeq]) => ({ orgId, lastSeq }))
  } catch {
    return null
  }
}
