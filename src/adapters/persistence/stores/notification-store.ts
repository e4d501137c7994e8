import { NotFound } from '../../../core/errors.ts'
import type { NotificationStore } from '../../../ports/notification-store.ts'
import { NotificationRow } from '../rows/inbox-rows.ts'
import type { Tx } from '../transaction.ts'
import { isUuid } from '../uuid.ts'

export const createNotificationStore = (tx: Tx): NotificationStore => ({
  async setRead(memberId, id, read, now) {
    const row = isUuid(id) ? await tx.em.findOne(NotificationRow, { orgId: tx.orgId, memberId, id }) : null
    if (row === null) throw new NotFound('notification')
    // Read again stays read since the first time.
    row.readAt = read ? (row.readAt ?? now) : null
    await tx.em.flush()
  },
})
