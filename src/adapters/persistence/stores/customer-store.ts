import { NotFound } from '../../../core/errors.ts'
import type { CustomerStore } from '../../../ports/customer-store.ts'
import { CustomerIdentityRow } from '../rows/inbox-rows.ts'
import type { Tx } from '../transaction.ts'

export const createCustomerStore = (tx: Tx): CustomerStore => ({
  async saveProfile(customerId, profile, now) {
    const row = await tx.em.findOne(CustomerIdentityRow, { orgId: tx.orgId, customerId }, { orderBy: { id: 'asc' } })
    if (row === null) throw new NotFound('customer')
    // What the platform does not tell this time stays.
    const next = {
      username: profile.username ?? row.username ?? null,
      name: profile.name ?? row.name ?? null,
      pictureUrl: profile.pictureUrl ?? row.pictureUrl ?? null,
    }
    const changed =
      next.username !== (row.username ?? null) ||
      next.name !== (row.name ?? null) ||
      next.pictureUrl !== (row.pictureUrl ?? null)
    tx.em.assign(row, {
      ...next,
      ...(profile.username !== null && { usernameAt: now }),
      ...(profile.name !== null && { nameAt: now }),
      profileAt: now,
    })
    await tx.em.flush()
    return changed
  },
})
