export type StreamTiming = Readonly<{
  pollMs: number
  heartbeatMs: number
  /** How often session and membership are looked up again: nobody is told anything 5 s after losing either. */
  checkMs: number
  /** A stream that could not be looked up for so long is closed. */
  trustMs: number
  maxAgeMs: number
  /** A reader that takes nothing for so long is closed; it goes on where it was when it comes back. */
  drainTimeoutMs: number
  /** Who missed more is told to read the lists anew. */
  maxReplay: number
}>

export const defaultTiming: StreamTiming = {
  pollMs: 1_000,
  heartbeatMs: 15_000,
  checkMs: 4_000,
  trustMs: 60_000,
  maxAgeMs: 3_600_000,
  drainTimeoutMs: 30_000,
  maxReplay: 5_000,
}
