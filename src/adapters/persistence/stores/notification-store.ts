import { NotFound } from '../../../core/errors.ts'
import type { MemberId, NotificationId } from '../../../core/ids.ts'
import type { IdSource } from '../../../ports/id-source.ts'
import type { NotificationStore } from '../../../ports/notification-store.ts'
import { NotificationRow } from '../rows/inbox-rows.ts'
import type { Tx } from '../transaction.ts'
import { isUuid } from '../uuid.ts'

export const createNotificationStore = (tx: Tx, { ids }: { ids: IdSource }): NotificationStore => ({
  async tellAdmins(type, channelId, now) {
    const members = await tx.rows<{ id: MemberId }>(
      `select id from memberships where org_id = $1 and active and role in ('OWNER', 'ADMIN') order by id`,
      [tx.orgId],
    )
    const told = members.map(({ id: memberId }) => ({ id: ids.next() as NotificationId, memberId }))
    await tx.affected(
      `insert into notifications (id, org_id, member_id, type, channel_id, created_at)
       select n.id, $1, n.member_id, $4, $5, $6 from unnest($2::uuid[], $3::uuid[]) as n(id, member_id)`,
      [tx.orgId, told.map(({ id }) => id), told.map(({ memberId }) => memberId), type, channelId, now],
    )
    return told
  },

  async setRead(memberId, id, read, now) {
    const row = isUuid(id) ? await tx.em.findOne(NotificationRow, { orgId: tx.orgId, memberId, id }) : null
    if (row === null) throw new NotFound('notification')
    // Read again stays read since the first time.
    row.readAt = read ? (row.readAt ?? now) : null
    await tx.em.flush()
  },
})
