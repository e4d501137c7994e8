import type { ChannelId } from '../../../core/ids.ts'
import { forMembers, json } from '../operation.ts'
import { rawEventFilter } from '../raw-event-filter.ts'

export const replayRawEvents = forMembers(({ core }) => async ({ actor, params, body }) => {
  const filter = rawEventFilter(body as Readonly<Record<string, unknown>>)
  return json(202, await core.replayRawEvents(actor, params['channelId'] as ChannelId, filter))
})
