import { NotFound } from '../../../core/errors.ts'
import type { ChannelId, RawEventId } from '../../../core/ids.ts'
import { forMembers, json } from '../operation.ts'

export const getRawEvent = forMembers(({ queries }) => async ({ actor, params }) => {
  const [channelId, id] = [params['channelId'] as ChannelId, params['rawEventId'] as RawEventId]
  const view = await queries.rawEvent(actor.orgId, channelId, id)
  if (view === null) throw new NotFound('raw event')
  return json(200, { ...view, body: await queries.rawEventBody(actor.orgId, channelId, id) })
})
