import type { Contract } from '../../../src/adapters/http/contract.ts'
import type { Caller } from './calls.ts'
import type { Shop } from './two-shops.ts'

/** The shop with the cursor of each list's second page. Throws for a list that has only one: then it needs more in it. */
export async function withCursors({ operations }: Contract, caller: Caller, shop: Shop): Promise<Shop> {
  const cursors: Record<string, string> = {}
  for (const { operationId, parameters, template } of operations) {
    if (!parameters.some(({ name }) => name === 'cursor')) continue
    const path = template.replace(/\{(\w+)\}/g, (_, name: string) => shop.ids[name] ?? name)
    const { status, text } = await caller.call('GET', `${path}?limit=1`, { token: shop.tokens.OWNER })
    const cursor = status === 200 ? JSON.parse(text).page.nextCursor : null
    if (typeof cursor !== 'string') throw new Error(`${operationId} has no second page: ${status} ${text}`)
    cursors[`${operationId}.cursor`] = cursor
  }
  return { ...shop, ids: { ...shop.ids, ...cursors } }
}
