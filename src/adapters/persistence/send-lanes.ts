import type pg from 'pg'
import { UNANSWERED_AT_MOST } from '../../core/channel/unanswered.ts'
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

/** Likewise of one organization, whatever number of channels it has: of the places of one process some stay for others. */
export const BUSY_PER_ORGANIZATION = 24

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
    claim: (limit, leaseMs) =>
      take('claim-lanes', CLAIM, [limit, leaseMs, BUSY_PER_CHANNEL, BUSY_PER_ORGANIZATION, UNANSWERED_AT_MOST]),
    async pauseApp(app, until, reason) {
      const values = [app, until, reason]
      const { rows } = await pool.query<{ is_new: boolean }>({ name: 'pause-app', text: PAUSE_APP, values })
      return rows[0]?.is_new ?? false
    },
    expired: (limit, leaseMs) => take('expired-lanes', EXPIRED, [limit, leaseMs]),
  }
}

/**
 * The channels that have something, from one to the next in the index; what is due of each, up to its share, and one of a channel that
 * is tried again after it was left alone. They come in turns: an organization's first before any other's second, what is under way
 * counted in, and likewise the channels of an organization; the oldest of those whose turn is the same. A trial moves the end of its
 * channel's pause on, so that of several claims at once one gets it, and nobody else as long as its lease is good.
 */
const CLAIM = `
with recursive waiting (channel_id) as (
  (select channel_id from send_lanes where state = 'READY' order by channel_id limit 1)
  union all
  select (select s.channel_id from send_lanes s where s.state = 'READY' and s.channel_id > w.channel_id
    order by s.channel_id limit 1)
  from waiting w where w.channel_id is not null),
working (channel_id) as (
  (select channel_id from send_lanes where state = 'BUSY' order by channel_id limit 1)
  union all
  select (select s.channel_id from send_lanes s where s.state = 'BUSY' and s.channel_id > w.channel_id
    order by s.channel_id limit 1)
  from working w where w.channel_id is not null),
busy as materialized (
  select l.org_id, w.channel_id, l.places from working w cross join lateral (
    select s.org_id, count(*) as places from send_lanes s where s.channel_id = w.channel_id and s.state = 'BUSY' group by s.org_id) l),
due as materialized (
  select share.*, w.channel_id, coalesce(p.unanswered >= $5, false) as is_trial,
    coalesce(b.places, 0) + row_number() over (partition by w.channel_id order by share.not_before, share.conversation_id) as turn
  from waiting w
  left join channel_pauses p on p.channel_id = w.channel_id
  left join busy b on b.channel_id = w.channel_id
  cross join lateral (
    select s.org_id, s.conversation_id, s.not_before from send_lanes s
    where s.channel_id = w.channel_id and s.state = 'READY' and s.not_before <= now()
    order by s.not_before, s.conversation_id
    limit greatest(0, case when p.unanswered >= $5 then 1 else $3 end - coalesce(b.places, 0))
    for update skip locked) share
  where (p.until is null or p.until <= now())
    and not exists (select from app_pauses a join channels c on c.app = a.app where c.id = w.channel_id and a.until > now())),
in_turn as (
  select due.*, coalesce((select sum(b.places) from busy b where b.org_id = due.org_id), 0)
    + row_number() over (partition by due.org_id order by due.turn, due.not_before, due.conversation_id) as turn_of_org
  from due),
chosen as materialized (
  select * from in_turn where turn_of_org <= $4 order by turn_of_org, not_before, conversation_id limit $1),
trials as (
  update channel_pauses p set until = now() + $2 * interval '1 millisecond' from chosen c
  where c.is_trial and p.channel_id = c.channel_id and p.until <= now() returning p.channel_id)
update send_lanes s set state = 'BUSY', lease_until = now() + $2 * interval '1 millisecond', fence = s.fence + 1
from chosen c where s.conversation_id = c.conversation_id and (not c.is_trial or c.channel_id in (select channel_id from trials))
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
