import type { ChannelId, MemberId, NotificationId } from '../core/ids.ts'
import type { NotificationType } from './views.ts'

export interface NotificationStore {
  /** One for each active OWNER and ADMIN. */
  tellAdmins(
    type: NotificationType,
    channelId: ChannelId,
    now: Date,
  ): Promise<readonly Readonly<{ id: NotificationId; memberId: MemberId }>[]>
  /** The member's own only; throws `NotFound`. */
  setRead(memberId: MemberId, id: NotificationId, read: boolean, now: Date): Promise<void>
}
