import type { DeadLetterFilter } from '../../ports/dead-letter-store.ts'
import { given } from './list.ts'

/** From a query or a body, which the contract has checked. */
export function deadLetterFilter(from: Readonly<Record<string, unknown>>): DeadLetterFilter {
  const { queue } = from as { queue?: NonNullable<DeadLetterFilter['queue']> }
  return given({ queue })
}
