import { NotFound } from '../../../core/errors.ts'
import type { ErasureId } from '../../../core/ids.ts'
import { forMembers, json } from '../operation.ts'

export const getErasure = forMembers(({ queries }) => async ({ actor, params }) => {
  const view = await queries.erasure(actor.orgId, params['erasureId'] as ErasureId)
  if (view === null) throw new NotFound('erasure')
  return json(200, view)
})
