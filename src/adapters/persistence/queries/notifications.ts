import type { FilterQuery } from '@mikro-orm/core'
import type { MemberId, NotificationId } from '../../../core/ids.ts'
import type { PageOf, PageRequest } from '../../../ports/inbox-queries.ts'
import type { NotificationView } from '../../../ports/views.ts'
import { NotificationRow } from '../rows/inbox-rows.ts'
import type { Tx } from '../transaction.ts'
import { canExist, emptyPage, pageOf } from './conditions.ts'

type Filter = Readonly<{ unread?: boolean }>

export async function notificationsPage(
  tx: Tx,
  memberId: MemberId,
  filter: Filter,
  page: PageRequest,
): Promise<PageOf<NotificationView>> {
  if (!canExist(page, memberId)) return emptyPage
  const where: FilterQuery<NotificationRow>[] = [{ orgId: tx.orgId, memberId }]
  if (filter.unread !== undefined) where.push({ readAt: filter.unread ? null : { $ne: null } })
  if (page.after !== null) {
    const at = new Date(page.after.key ?? 0)
    where.push({ createdAt: { $lte: at } })
    where.push({ $or: [{ createdAt: { $lt: at } }, { id: { $lt: page.after.id as NotificationId } }] })
  }
  const rows = await tx.em.find(
    NotificationRow,
    { $and: where },
    { orderBy: [{ createdAt: 'desc' }, { id: 'desc' }], limit: page.limit + 1, disableIdentityMap: true },
  )
  return pageOf(rows, page.limit, notificationView, (row) => ({ key: row.createdAt.toISOString(), id: row.id }))
}

export async function notificationsById(
  tx: Tx,
  memberId: MemberId,
  ids: readonly string[],
): Promise<NotificationView[]> {
  if (ids.length === 0) return []
  const where = { orgId: tx.orgId, memberId, id: { $in: ids as NotificationId[] } }
  return (await tx.em.find(NotificationRow, where, { disableIdentityMap: true })).map(notificationView)
}

const notificationView = (row: NotificationRow): NotificationView => ({
  id: row.id,
  orgId: row.orgId,
  type: row.type,
  ticketId: row.ticketId ?? null,
  messageId: row.messageId ?? null,
  channelId: row.channelId ?? null,
  read: (row.readAt ?? null) !== null,
  createdAt: row.createdAt,
})
