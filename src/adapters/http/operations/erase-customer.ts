import type { CustomerId } from '../../../core/ids.ts'
import { forMembers, json } from '../operation.ts'

export const eraseCustomer = forMembers(({ core }) => async ({ actor, params }) => {
  const erasure = await core.eraseCustomer(actor, params['customerId'] as CustomerId)
  return json(202, erasure, { Location: `/orgs/${actor.orgId}/erasures/${erasure.id}` })
})
