import { channelJson } from '../channel-json.ts'
import { forMembers, json } from '../operation.ts'

type Body = Readonly<{ type: string; name: string; config: Readonly<Record<string, unknown>> }>

export const createChannel = forMembers(({ config, core, registry }) => async ({ actor, body }) => {
  const channel = await core.createChannel(actor, body as Body)
  const answer = channelJson(channel, { publicUrl: config.publicUrl, registry })
  return json(201, answer, { Location: `/orgs/${actor.orgId}/channels/${channel.id}` })
})
