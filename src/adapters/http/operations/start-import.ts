import type { ChannelId } from '../../../core/ids.ts'
import { forMembers, json } from '../operation.ts'

export const startImport = forMembers(
  ({ core }) =>
    async ({ actor, params }) =>
      json(202, await core.startImport(actor, params['channelId'] as ChannelId)),
)
