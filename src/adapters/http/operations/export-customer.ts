import type { CustomerId } from '../../../core/ids.ts'
import { limit } from '../limited.ts'
import { forMembers, json } from '../operation.ts'

export const exportCustomer = forMembers(({ core, rateLimits }) => async ({ actor, params, res }) => {
  const count = async () => limit(res, await rateLimits.takeExport(actor.orgId))
  const made = await core.exportCustomer(actor, params['customerId'] as CustomerId, count)
  return json(202, made, { Location: `/orgs/${actor.orgId}/exports/${made.id}` })
})
