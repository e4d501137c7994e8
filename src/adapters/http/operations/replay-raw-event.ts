import type { ChannelId, RawEventId } from '../../../core/ids.ts'
import { forMembers, json } from '../operation.ts'

export const replayRawEvent = forMembers(({ core }) => async ({ actor, params }) => {
  const view = await core.replayRawEvent(actor, params['channelId'] as ChannelId, params['rawEventId'] as RawEventId)
  return json(200, view)
})
