import { linkTo } from '../list.ts'
import { forMembers, json } from '../operation.ts'

export const listEvents = forMembers(({ feed }) => async (call) => {
  const { orgId, memberId } = call.actor
  const { events, scannedTo, more } = await feed.read(
    orgId,
    memberId,
    call.query['after'] as number,
    call.query['limit'] as number,
  )
  const nextCursor = String(scannedTo)
  return json(
    200,
    { data: events, page: { nextCursor, hasMore: more } },
    linkTo(call, 'after', more ? nextCursor : null),
  )
})
