import type pg from 'pg'
import type { LaneClaim, SendLanes } from '../../ports/send-store.ts'

type Row = {
  org_id: LaneClaim['orgId']
  conversation_id: LaneClaim['conversationId']
  channel_id: LaneClaim['channelId']
  fence: string
}

/**
 * Sends of one channel under way at once, in the whole installation (workers that claim at the same moment may each add as
 * many): an account whose platform does not answer for as long as a call may take holds these places, the rest is for others.
 */
export const BUSY_PER_CHANNEL = 8

/**
 * Lanes of all organizations, over sessions of the system role. Claiming moves the fence on, so that whoever held the lane
 * before can no longer free it.
 */
export function createSendLanes(pool: pg.Pool): SendLanes {
  const take = async (name: string, text: string, values: readonly number[]): Promise<readonly LaneClaim[]> => {
    const leaseMs = values[1] ?? 0
    const { rows } = await pool.query<Row>({ name, text, values: [...values] })
    return rows.map((row) => ({
      orgId: row.org_id,
      conversationId: row.conversation_id,
      channelId: row.channel_id,
      fence: row.fence,
      leaseMs,
    }))
  }
  return {
    claim: (limit, leaseMs) => take('claim-lanes', CLAIM, [limit, leaseMs, BUSY_PER_CHANNEL]),
    async pauseApp(app, until, reason) {
      const values = [app, until, reason]
      const { rows } = await pool.query<{ is_new: boolean }>({ name: 'pause-app', text: PAUSE_APP, values })
      return rows[0]?.is_new ?? false
    },
    expired: (limit, leaseMs) => take('expired-lanes', EXPIRED, [limit, leaseMs]),
  }
}

/** The channels that have something, from one to the next in the index; what is due of each, up to its share; the oldest of all. */
const CLAIM = `
with recursive waiting (channel_id) as (
  (select channel_id from send_lanes where state = 'READY' order by channel_id limit 1)
  union all
  select (select s.channel_id from send_lanes s where s.state = 'READY' and s.channel_id > w.channel_id
    order by s.channel_id limit 1)
  from waiting w where w.channel_id is not null),
due as (
  select share.conversation_id from waiting w cross join lateral (
    select s.conversation_id, s.not_before from send_lanes s
    where s.channel_id = w.channel_id and s.state = 'READY' and s.not_before <= now()
    order by s.not_before, s.conversation_id
    limit greatest(0, $3 - (select count(*) from send_lanes b where b.channel_id = w.channel_id and b.state = 'BUSY'))
    for update skip locked) share
  where not exists (select from channel_pauses p where p.channel_id = w.channel_id and p.until > now())
    and not exists (select from app_pauses a join channels c on c.app = a.app where c.id = w.channel_id and a.until > now())
  order by share.not_before, share.conversation_id limit $1)
update send_lanes s set state = 'BUSY', lease_until = now() + $2 * interval '1 millisecond', fence = s.fence + 1
from due where s.conversation_id = due.conversation_id
returning s.org_id, s.conversation_id, s.channel_id, s.fence`

const PAUSE_APP = `
with before as (select until > now() and reason = $3 as is_known from app_pauses where app = $1)
insert into app_pauses (app, until, reason) values ($1, $2, $3)
on conflict (app) do update set until = excluded.until, reason = excluded.reason where app_pauses.until < excluded.until
returning not coalesce((select is_known from before), false) as is_new`

const EXPIRED = `
with due as (
  select s.conversation_id from send_lanes s where s.state in ('BUSY', 'HELD') and s.lease_until < now()
  order by s.lease_until limit $1 for update skip locked)
update send_lanes s set lease_until = now() + $2 * interval '1 millisecond', fence = s.fence + 1
from due where s.conversation_id = due.conversation_id
returning s.org_id, s.conversation_id, s.channel_id, s.fence`
