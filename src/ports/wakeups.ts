/** Hints between processes that something is waiting. Always may be lost: whoever listens polls besides. */
export type WakeupTopic = 'events-written' | 'events-numbered' | 'jobs' | 'sends'

export interface Wakeups {
  /** After commit, never inside a transaction. Coalesced; returns at once. The payload says what exactly, below 4 kB. */
  wake(topic: WakeupTopic, payload?: string): void
  /** Without a payload anything may be meant. Returns the way to stop listening. */
  on(topic: WakeupTopic, listener: (payload: string | undefined) => void): () => void
}

/** The connection behind it is opened and closed by whoever composes. */
export interface StartableWakeups extends Wakeups {
  start(): Promise<void>
  stop(): Promise<void>
}
