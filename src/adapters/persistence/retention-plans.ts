import type pg from 'pg'
import type { ChannelId, OrgId } from '../../core/ids.ts'
import type { RetentionPlans } from '../../ports/retention.ts'

/** As the system role, which sees ids and ages here. A delivery says in its envelope whose it is, a job in its payload. */
export const createRetentionPlans = (pool: pg.Pool): RetentionPlans => ({
  async channels() {
    const { rows } = await pool.query<{ org_id: OrgId; id: ChannelId }>(
      'select org_id, id from channels where retention_days is not null order by org_id, id',
    )
    return rows.map(({ org_id: orgId, id: channelId }) => ({ orgId, channelId }))
  },

  async forgetJobs({ orgId, channelId }, before) {
    const { rowCount } = await pool.query(
      `delete from jobs where state = 'DEAD' and dead_at < $1
         and (meta ->> 'orgId' = $2 and meta ->> 'channelId' = $3
           or org_id = $2::uuid and position(convert_to($3, 'UTF8') in payload) > 0)`,
      [before, orgId, channelId],
    )
    return rowCount ?? 0
  },
})
