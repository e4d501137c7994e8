import { NotFound } from '../../../core/errors.ts'
import type { CustomerId } from '../../../core/ids.ts'
import { forMembers, json } from '../operation.ts'

export const getCustomer = forMembers(({ queries }) => async ({ actor, params }) => {
  const customer = await queries.customer(actor.orgId, params['customerId'] as CustomerId)
  if (customer === null) throw new NotFound('customer')
  return json(200, customer)
})
