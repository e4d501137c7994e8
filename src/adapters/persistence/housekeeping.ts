import type pg from 'pg'
import type { Housekeeping } from '../../ports/housekeeping.ts'

const BATCH = 1_000

/** As the system role, which may see ages and ids here and nothing else. */
export function createHousekeeping(pool: pg.Pool): Housekeeping {
  const forget = async (statement: string, before: Date): Promise<number> =>
    (await pool.query(statement, [before])).rowCount ?? 0
  return {
    // Bodies are large: in small batches, so that no transaction is long and nobody waits for one.
    async forgetRawEvents(before) {
      for (let total = 0; ; ) {
        const gone = await forget(
          `delete from raw_events r using (select org_id, id from raw_events where received_at < $1 order by received_at limit ${BATCH}) old
           where r.org_id = old.org_id and r.id = old.id`,
          before,
        )
        total += gone
        if (gone < BATCH) return total
      }
    },
    forgetEarlyFacts: async (before) =>
      (await forget('delete from early_edits where created_at < $1', before)) +
      (await forget('delete from early_reads where created_at < $1', before)),
    forgetIdempotencyKeys: (before) => forget('delete from idempotency_keys where created_at < $1', before),
    forgetSessions: (before) => forget('delete from sessions where expires_at < $1', before),
  }
}
