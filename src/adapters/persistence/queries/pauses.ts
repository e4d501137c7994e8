import type { ChannelId } from '../../../core/ids.ts'
import type { LoadedAccount } from '../../../ports/channel-directory.ts'
import type { PauseReason } from '../../../ports/views.ts'
import type { Tx } from '../transaction.ts'

/** What a channel `c` waits for longest: its own pause, or its app's. */
export const LONGEST_PAUSE = `
select * from (
  select p.until, p.reason from channel_pauses p where p.org_id = c.org_id and p.channel_id = c.id
  union all select a.until, a.reason from app_pauses a where a.app = c.app) q
order by until desc limit 1`

/** 'infinity' comes as a number. */
export type PauseColumns = { until: Date | number; reason: PauseReason }

export async function longestPause(tx: Tx, { id }: Readonly<{ id: ChannelId }>): Promise<LoadedAccount['pause']> {
  const [row] = await tx.rows<PauseColumns>(
    `select w.* from channels c cross join lateral (${LONGEST_PAUSE}) w where c.org_id = $1 and c.id = $2`,
    [tx.orgId, id],
  )
  return row ? { until: row.until instanceof Date ? row.until : null, reason: row.reason } : null
}
