import type pg from 'pg'
import type { LaneClaim, SendLanes } from '../../ports/send-store.ts'

type Row = {
  org_id: LaneClaim['orgId']
  conversation_id: LaneClaim['conversationId']
  channel_id: LaneClaim['channelId']
  fence: string
}

/**
 * Lanes of all organizations, over sessions of the system role. Claiming moves the fence on, so that whoever held the lane
 * before can no longer free it.
 */
export function createSendLanes(pool: pg.Pool): SendLanes {
  const take = async (name: string, text: string, limit: number, leaseMs: number): Promise<readonly LaneClaim[]> => {
    const { rows } = await pool.query<Row>({ name, text, values: [limit, leaseMs] })
    return rows.map((row) => ({
      orgId: row.org_id,
      conversationId: row.conversation_id,
      channelId: row.channel_id,
      fence: row.fence,
      leaseMs,
    }))
  }
  return {
    claim: (limit, leaseMs) => take('claim-lanes', CLAIM, limit, leaseMs),
    async pauseApp(app, until, reason) {
      await pool.query({ name: 'pause-app', text: PAUSE_APP, values: [app, until, reason] })
    },
    expired: (limit, leaseMs) => take('expired-lanes', EXPIRED, limit, leaseMs),
  }
}

const CLAIM = `
with due as (
  select s.conversation_id from send_lanes s where s.state = 'READY' and s.not_before <= now()
    and not exists (select from channel_pauses p where p.channel_id = s.channel_id and p.until > now())
    and not exists (select from app_pauses a join channels c on c.app = a.app where c.id = s.channel_id and a.until > now())
  order by s.not_before, s.conversation_id limit $1 for update skip locked)
update send_lanes s set state = 'BUSY', lease_until = now() + $2 * interval '1 millisecond', fence = s.fence + 1
from due where s.conversation_id = due.conversation_id
returning s.org_id, s.conversation_id, s.channel_id, s.fence`

const PAUSE_APP = `
insert into app_pauses (app, until, reason) values ($1, $2, $3)
on conflict (app) do update set until = excluded.until, reason = excluded.reason where app_pauses.until < excluded.until`

const EXPIRED = `
with due as (
  select s.conversation_id from send_lanes s where s.state in ('BUSY', 'HELD') and s.lease_until < now()
  order by s.lease_until limit $1 for update skip locked)
update send_lanes s set lease_until = now() + $2 * interval '1 millisecond', fence = s.fence + 1
from due where s.conversation_id = due.conversation_id
returning s.org_id, s.conversation_id, s.channel_id, s.fence`
