import type { ChannelId } from '../../../core/ids.ts'
import { forMembers, json } from '../operation.ts'

export const verifyChannel = forMembers(
  ({ core }) =>
    async ({ actor, params }) =>
      json(200, await core.verifyChannel(actor, params['channelId'] as ChannelId)),
)
