import type { MemberId, NotificationId } from '../core/ids.ts'

export interface NotificationStore {
  /** The member's own only; throws `NotFound`. */
  setRead(memberId: MemberId, id: NotificationId, read: boolean, now: Date): Promise<void>
}
