import { setTimeout as sleep } from 'node:timers/promises'
import type { Stores, UnitOfWork } from '../../ports/unit-of-work.ts'
import { isRetryable } from '../postgres-kit/errors.ts'
import { inOrganization, type Orm, type Tx } from './transaction.ts'

const ATTEMPTS = 5
const BACKOFF_MS = 10

export type UnitOfWorkDeps = Readonly<{ orm: Orm; makeStores: (tx: Tx) => Stores }>

/** Runs work again, with growing jitter, when the database asks for it: a deadlock or a serialization failure. */
export async function withRetries<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!isRetryable(error) || attempt > ATTEMPTS) throw error
      await sleep(Math.random() * BACKOFF_MS * 2 ** attempt)
    }
  }
}

export const createUnitOfWork = ({ orm, makeStores }: UnitOfWorkDeps): UnitOfWork => ({
  run: (orgId, work) => withRetries(() => inOrganization(orm, orgId, (tx) => work(makeStores(tx)))),
})
