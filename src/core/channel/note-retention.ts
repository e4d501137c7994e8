import type { AuditLog } from '../../ports/unit-of-work.ts'
import { type Actor, by } from '../actor.ts'
import type { ChannelId } from '../ids.ts'

/** Who decided for how long messages are kept, or that they are for good: beside `channel.updated`, since it deletes. */
export const noteRetention = (audit: AuditLog, actor: Actor, channelId: ChannelId): Promise<void> =>
  audit.record({
    ...by(actor),
    action: 'channel.retention-changed',
    ...{ resourceType: 'channel', resourceId: channelId },
  })
