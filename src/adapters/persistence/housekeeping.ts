import type pg from 'pg'
import type { Housekeeping } from '../../ports/housekeeping.ts'

const BATCH = 1_000
/** Each has up to some hundred pieces that go with it. */
const FEW = 20

async function inBatches(size: number, batch: () => Promise<number>): Promise<number> {
  for (let total = 0; ; ) {
    const gone = await batch()
    total += gone
    if (gone < size) return total
  }
}

/** Of all accounts that nobody has connected. */
const MOST_UNCLAIMED_BYTES = 1024 * 1024 * 1024

/** When the newest of them was received that is too much; nothing is counted before the disk holds as much. */
const TOO_MUCH_UNCLAIMED = `
select received_at from (
  select received_at, sum(octet_length(body)) over (order by received_at desc, id desc) as bytes from unclaimed_entries
  where pg_total_relation_size('unclaimed_entries') > $1
) newest where bytes > $1 order by received_at desc limit 1`

/** As the system role, which may see ages and ids here and nothing else. */
export function createHousekeeping(pool: pg.Pool, { mostUnclaimedBytes = MOST_UNCLAIMED_BYTES } = {}): Housekeeping {
  const forget = async (statement: string, before: Date): Promise<number> =>
    (await pool.query(statement, [before])).rowCount ?? 0
  return {
    // Bodies are large: in small batches, so that no transaction is long and nobody waits for one.
    forgetRawEvents: (before) =>
      inBatches(BATCH, () =>
        forget(
          `delete from raw_events r using (select org_id, id from raw_events where received_at < $1 order by received_at limit ${BATCH}) old
           where r.org_id = old.org_id and r.id = old.id`,
          before,
        ),
      ),
    async forgetUnclaimed(before) {
      const { rows } = await pool.query<{ received_at: Date }>(TOO_MUCH_UNCLAIMED, [mostUnclaimedBytes])
      const end = new Date(Math.max(before.getTime(), ...rows.map(({ received_at }) => received_at.getTime() + 1)))
      return inBatches(BATCH, () =>
        forget(
          `delete from unclaimed_entries where id in (select id from unclaimed_entries where received_at < $1 order by received_at limit ${BATCH})`,
          end,
        ),
      )
    },
    forgetUploads: (before) =>
      inBatches(FEW, () =>
        forget(
          `delete from uploads u using (select org_id, id from uploads where expires_at < $1 order by expires_at limit ${FEW}) old
           where u.org_id = old.org_id and u.id = old.id`,
          before,
        ),
      ),
    forgetExports: (before) =>
      inBatches(FEW, () =>
        forget(
          `delete from export_files f using (select org_id, export_id from export_files where expires_at < $1 order by expires_at limit ${FEW}) old
           where f.org_id = old.org_id and f.export_id = old.export_id`,
          before,
        ),
      ),
    forgetEarlyFacts: async (before) =>
      (await forget('delete from early_edits where created_at < $1', before)) +
      (await forget('delete from early_reads where created_at < $1', before)),
    async forgetDeadJobs(before) {
      // A trial that was never ended belongs to a delivery that went another way.
      await forget('delete from delivery_trials where last_at < $1', before)
      return inBatches(BATCH, () =>
        forget(
          `delete from jobs where id in (select id from jobs where state = 'DEAD' and dead_at < $1 order by dead_at limit ${BATCH})`,
          before,
        ),
      )
    },
    forgetIdempotencyKeys: (before) => forget('delete from idempotency_keys where created_at < $1', before),
    forgetSessions: (before) => forget('delete from sessions where expires_at < $1', before),
  }
}
