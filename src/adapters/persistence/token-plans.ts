import type pg from 'pg'
import type { TokenPlans } from '../../ports/channel-tokens.ts'

/** With a tenth of jitter either way, so that tokens made together drift apart. */
const DUE = `
with due as (
  select t.channel_id from channel_tokens t where t.next_check_at <= $2 order by t.next_check_at limit 500 for update skip locked),
planned as (
  update channel_tokens t set next_check_at = $2::timestamptz + (0.9 + random() * 0.2) * interval '1 day'
  from due where t.channel_id = due.channel_id returning t.org_id, t.channel_id)
insert into jobs (id, queue, org_id, payload)
select gen_random_uuid(), 'token-refresh', p.org_id,
  convert_to(jsonb_build_object('orgId', p.org_id, 'channelId', p.channel_id)::text, 'UTF8')
from planned p join channels c on c.id = p.channel_id where c.type = any($1::text[]) and c.status <> 'DISCONNECTED'`

export const createTokenPlans = (pool: pg.Pool): TokenPlans => ({
  enqueueDue: async (types, now) => (await pool.query(DUE, [types, now])).rowCount ?? 0,
})
