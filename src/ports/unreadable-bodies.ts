import type { AppDelivery } from './webhook-intake.ts'

/** Signed bodies for a whole app that nobody can read: they belong to no organization, and the operator can look at them. */
export interface UnreadableBodies {
  /** Keeps the bytes for as long as raw events are kept; again is the same as once. Rejects with `Unavailable`. */
  keep(delivery: AppDelivery, reason: string): Promise<void>
}
