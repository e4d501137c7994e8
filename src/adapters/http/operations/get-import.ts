import { NotFound } from '../../../core/errors.ts'
import type { ChannelId, ImportId } from '../../../core/ids.ts'
import { forMembers, json } from '../operation.ts'

export const getImport = forMembers(({ queries }) => async ({ actor, params }) => {
  const [channelId, id] = [params['channelId'] as ChannelId, params['importId'] as ImportId]
  const view = await queries.historyImport(actor.orgId, channelId, id)
  if (view === null) throw new NotFound('import')
  return json(200, view)
})
