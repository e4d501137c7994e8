export interface Clock {
  now(): Date
  /** Milliseconds that only go forward; for leases and deadlines, not for people. */
  monotonicMs(): number
}
