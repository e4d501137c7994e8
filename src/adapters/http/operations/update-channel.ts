import type { ChannelId } from '../../../core/ids.ts'
import { channelJson } from '../channel-json.ts'
import { forMembers, json } from '../operation.ts'

type Body = Readonly<{ name?: string; status?: 'ACTIVE' | 'PAUSED'; config?: Readonly<Record<string, unknown>> }>

export const updateChannel = forMembers(({ config, core, registry }) => async ({ actor, params, body }) => {
  const channel = await core.updateChannel(actor, params['channelId'] as ChannelId, body as Body)
  return json(200, channelJson(channel, { publicUrl: config.publicUrl, registry }))
})
