import { createHash } from 'node:crypto'

/** An id for what came without one: the same facts give the same id, so that a repeat is recognised. */
export const derivedId = (prefix: string, facts: readonly unknown[]): string =>
  `${prefix}:${createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 40)}`
