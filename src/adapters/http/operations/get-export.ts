import { NotFound } from '../../../core/errors.ts'
import type { ExportId } from '../../../core/ids.ts'
import { forMembers, json } from '../operation.ts'

export const getExport = forMembers(({ queries }) => async ({ actor, params }) => {
  const view = await queries.customerExport(actor.orgId, params['exportId'] as ExportId)
  if (view === null) throw new NotFound('export')
  return json(200, view)
})
