import { channelJson } from '../channel-json.ts'
import { answerPage } from '../list.ts'
import { forMembers } from '../operation.ts'

export const listChannels = forMembers(
  ({ config, cursors, queries, registry }) =>
    (call) =>
      answerPage(
        { cursors },
        call,
        {},
        (page) => queries.channels(call.actor.orgId, {}, page),
        (channel) => channelJson(channel, { publicUrl: config.publicUrl, registry }),
      ),
)
