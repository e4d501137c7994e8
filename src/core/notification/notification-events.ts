import type { DomainEvent } from '../event/domain-event.ts'
import type { MemberId, NotificationId } from '../ids.ts'

/** For whoever was told of something that the installation itself found out. */
export const notificationEvents = (
  told: readonly Readonly<{ id: NotificationId; memberId: MemberId }>[],
  requestId: string | null,
): DomainEvent[] =>
  told.map(({ id, memberId }) => ({
    type: 'notification.created',
    actor: { type: 'SYSTEM', id: null },
    resource: { type: 'notification', id },
    ticketId: null,
    recipientId: memberId,
    requestId,
  }))
