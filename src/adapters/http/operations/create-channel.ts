import type { CreateChannelInput } from '../../../core/channel/create-channel.ts'
import { channelJson } from '../channel-json.ts'
import { forMembers, json } from '../operation.ts'

export const createChannel = forMembers(({ config, core, registry }) => async ({ actor, body }) => {
  const channel = await core.createChannel(actor, body as CreateChannelInput)
  const answer = channelJson(channel, { publicUrl: config.publicUrl, registry })
  return json(201, answer, { Location: `/orgs/${actor.orgId}/channels/${channel.id}` })
})
