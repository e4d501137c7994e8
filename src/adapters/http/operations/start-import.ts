import type { ChannelId } from '../../../core/ids.ts'
import { MANAGERS } from '../member-roles.ts'
import { forMembers, json } from '../operation.ts'

export const startImport = forMembers(
  MANAGERS,
  ({ core }) =>
    async ({ actor, params }) =>
      json(202, await core.startImport(actor, params['channelId'] as ChannelId)),
)
