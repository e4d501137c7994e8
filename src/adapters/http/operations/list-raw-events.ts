import { NotFound } from '../../../core/errors.ts'
import type { ChannelId } from '../../../core/ids.ts'
import { answerPage } from '../list.ts'
import { forMembers } from '../operation.ts'
import { rawEventFilter } from '../raw-event-filter.ts'

export const listRawEvents = forMembers(({ cursors, queries }) => (call) => {
  const channelId = call.params['channelId'] as ChannelId
  const filter = rawEventFilter(call.query)
  return answerPage({ cursors }, call, { channelId, ...filter }, async (page) => {
    const found = await queries.rawEvents(call.actor.orgId, channelId, filter, page)
    if (found === null) throw new NotFound('channel')
    return found
  })
})
