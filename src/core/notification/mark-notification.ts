import type { CorePorts } from '../../ports/core-ports.ts'
import type { Actor } from '../actor.ts'
import type { NotificationId } from '../ids.ts'

export const markNotification =
  ({ clock, unitOfWork }: Pick<CorePorts, 'clock' | 'unitOfWork'>) =>
  (actor: Actor, input: { notificationId: NotificationId; read: boolean }): Promise<void> =>
    unitOfWork.run(actor.orgId, ({ notifications }) =>
      notifications.setRead(actor.memberId, input.notificationId, input.read, clock.now()),
    )
