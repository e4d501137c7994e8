import type { Pool } from 'pg'
import type { OpenDoubt, OpenDoubts } from '../../ports/open-doubts.ts'
import { runStatement } from '../postgres-kit/statement.ts'

/** By the partial index of what is in doubt. */
const UNTOLD = `
select p.org_id as "orgId", p.id as "partId" from message_parts p
cross join lateral (
  select coalesce(max(a.finished_at), max(a.started_at)) as since from send_attempts a
  where a.org_id = p.org_id and a.part_id = p.id) d
where p.status = 'UNKNOWN' and p.unconfirmed_at is null and d.since <= $1 order by d.since limit $2`

/** The next look comes soon, over another connection. */
const PATIENCE_MS = 5_000

/** Sessions of the pool run as `dc_system`. */
export const createOpenDoubts = (pool: Pool): OpenDoubts => ({
  async untold(before, limit) {
    return (await runStatement<OpenDoubt>(pool, UNTOLD, [before, limit], PATIENCE_MS)).rows
  },
})
