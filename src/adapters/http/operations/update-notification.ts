import { NotFound } from '../../../core/errors.ts'
import type { NotificationId } from '../../../core/ids.ts'
import { forMembers, json } from '../operation.ts'

export const updateNotification = forMembers(({ core, queries }) => async ({ actor, params, body }) => {
  const notificationId = params['notificationId'] as NotificationId
  const { read } = body as Readonly<{ read: boolean }>
  await core.markNotification(actor, { notificationId, read })
  const notification = await queries.notification(actor.orgId, actor.memberId, notificationId)
  if (notification === null) throw new NotFound('notification')
  return json(200, notification)
})
