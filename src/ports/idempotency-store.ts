import type { MemberId } from '../core/ids.ts'

export interface IdempotencyStore {
  /**
   * Claims the key in this transaction. `fresh`: go on, then `complete`. `known`: it was used before, this is what it made.
   * A second caller waits for the first one's transaction.
   */
  claim(
    key: IdempotencyKey,
    fingerprint: string,
  ): Promise<{ state: 'fresh' } | { state: 'known'; fingerprint: string; body: unknown }>
  complete(key: IdempotencyKey, status: number, body: unknown): Promise<void>
}

/** Scoped by organization (the unit of work's), member and route; kept 24 hours. */
export type IdempotencyKey = Readonly<{ memberId: MemberId; route: string; key: string }>
