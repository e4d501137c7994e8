import type { ChannelFilter } from '../../../ports/inbox-queries.ts'
import { channelJson } from '../channel-json.ts'
import { answerPage, limitOf } from '../list.ts'
import { forMembers } from '../operation.ts'

export const listChannels = forMembers(({ config, cursors, queries, registry }) => (call) => {
  const { channelIds: ids } = limitOf(call.actor)
  const filter: ChannelFilter = ids === undefined ? {} : { ids }
  return answerPage(
    { cursors },
    call,
    filter,
    (page) => queries.channels(call.actor.orgId, filter, page),
    (channel) => channelJson(channel, { publicUrl: config.publicUrl, registry }),
  )
})
