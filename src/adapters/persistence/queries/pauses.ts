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

export async function waitsOf(
  tx: Tx,
  { id }: Readonly<{ id: ChannelId }>,
): Promise<Pick<LoadedAccount, 'pause' | 'unanswered'>> {
  const [row] = await tx.rows<(PauseColumns | { until: null; reason: null }) & { unanswered: number | null }>(
    `select w.until, w.reason, (select unanswered from channel_pauses where org_id = c.org_id and channel_id = c.id) as unanswered
     from channels c left join lateral (${LONGEST_PAUSE}) w on true where c.org_id = $1 and c.id = $2`,
    [tx.orgId, id],
  )
  const { until = null, reason = null, unanswered = null } = row ?? {}
  return {
    pause: reason === null ? null : { until: until instanceof Date ? until : null, reason },
    unanswered: unanswered ?? 0,
  }
}
