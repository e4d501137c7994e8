import { paceOf } from '../../../core/channel/pacing.ts'
import type { PaceStore } from '../../../ports/pace-store.ts'
import type { Tx } from '../transaction.ts'

/**
 * The next turn is one step after the one before, and at most the slack in the past: what was not used is saved so far. By the
 * server's clock, which all processes share, and not by the transaction's time: whoever waited for the row comes after.
 */
export const createPaceStore = (tx: Tx): PaceStore => ({
  async take(channelId, kind, rate, { reserve }) {
    const { stepMs, slackMs } = paceOf(rate)
    const [turn] = await tx.rows<{ wait_ms: number }>(
      `insert into send_pace as p (org_id, channel_id, kind, next_at)
       values ($1, $2, $3, clock_timestamp() + ($4::float8 - $5::float8) * interval '1 ms')
       on conflict (org_id, channel_id, kind) do update
         set next_at = greatest(p.next_at, clock_timestamp() - $5::float8 * interval '1 ms') + $4::float8 * interval '1 ms'
         where $6 or p.next_at <= clock_timestamp()
       returning (extract(epoch from next_at - clock_timestamp()) * 1000)::float8 - $4::float8 as wait_ms`,
      [tx.orgId, channelId, kind, stepMs, slackMs, reserve],
    )
    if (turn) return Math.max(0, turn.wait_ms)
    const [later] = await tx.rows<{ wait_ms: number }>(
      `select (extract(epoch from next_at - clock_timestamp()) * 1000)::float8 as wait_ms from send_pace
       where org_id = $1 and channel_id = $2 and kind = $3`,
      [tx.orgId, channelId, kind],
    )
    return Math.max(1, later?.wait_ms ?? 1)
  },
})
