import { NotFound } from '../../../core/errors.ts'
import type { ChannelId } from '../../../core/ids.ts'
import { channelJson } from '../channel-json.ts'
import { forMembers, json } from '../operation.ts'

export const getChannel = forMembers(({ config, queries, registry }) => async ({ actor, params }) => {
  const channel = await queries.channel(actor.orgId, params['channelId'] as ChannelId)
  if (channel === null) throw new NotFound('channel')
  return json(200, channelJson(channel, { publicUrl: config.publicUrl, registry }))
})
