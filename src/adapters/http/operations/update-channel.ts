import type { UpdateChannelInput } from '../../../core/channel/update-channel.ts'
import type { ChannelId } from '../../../core/ids.ts'
import { channelJson } from '../channel-json.ts'
import { forMembers, json } from '../operation.ts'

export const updateChannel = forMembers(({ config, core, registry }) => async ({ actor, params, body }) => {
  const channel = await core.updateChannel(actor, params['channelId'] as ChannelId, body as UpdateChannelInput)
  return json(200, channelJson(channel, { publicUrl: config.publicUrl, registry }))
})
