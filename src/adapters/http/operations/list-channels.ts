import { channelJson } from '../channel-json.ts'
import { answerPage } from '../list.ts'
import { EVERYONE } from '../member-roles.ts'
import { forMembers } from '../operation.ts'

export const listChannels = forMembers(
  EVERYONE,
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
