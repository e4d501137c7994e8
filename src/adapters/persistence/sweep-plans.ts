import type pg from 'pg'
import type { SweepPlans } from '../../ports/sweep-plans.ts'

// A paused channel is swept as well: what comes in goes on.
const ENROL = `
insert into channel_sweeps (channel_id, org_id, next_at)
select c.id, c.org_id, now() + random() * $2::float8 * interval '1 millisecond' from channels c
where c.type = any($1::text[]) and c.status <> 'DISCONNECTED' and not exists (select from channel_sweeps s where s.channel_id = c.id)
on conflict do nothing`

/** With a tenth of jitter either way, so that channels made together drift apart. */
const DUE = `
with due as (
  select s.channel_id from channel_sweeps s where s.next_at <= now() order by s.next_at limit 500 for update skip locked),
planned as (
  update channel_sweeps s set next_at = now() + $2::float8 * (0.9 + random() * 0.2) * interval '1 millisecond'
  from due where s.channel_id = due.channel_id returning s.org_id, s.channel_id)
insert into jobs (id, queue, org_id, payload)
select gen_random_uuid(), 'history-sweep', p.org_id,
  convert_to(jsonb_build_object('orgId', p.org_id, 'channelId', p.channel_id)::text, 'UTF8')
from planned p join channels c on c.id = p.channel_id where c.type = any($1::text[]) and c.status <> 'DISCONNECTED'`

export const createSweepPlans = (pool: pg.Pool): SweepPlans => ({
  async enqueueDue(types, everyMs) {
    await pool.query(ENROL, [types, everyMs])
    return (await pool.query(DUE, [types, everyMs])).rowCount ?? 0
  },
})
