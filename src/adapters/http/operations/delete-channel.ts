import type { ChannelId } from '../../../core/ids.ts'
import { forMembers, nothing } from '../operation.ts'

export const deleteChannel = forMembers(({ core }) => async ({ actor, params }) => {
  await core.disconnectChannel(actor, params['channelId'] as ChannelId)
  return nothing()
})
