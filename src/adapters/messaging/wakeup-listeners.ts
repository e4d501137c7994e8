import type { Logger } from '../../ports/logger.ts'
import type { WakeupTopic } from '../../ports/wakeups.ts'
import { reasonOf } from './failure.ts'

type Listener = (payload: string | undefined) => void

export function createListeners(log: Logger) {
  const topics = new Map<WakeupTopic, Set<Listener>>()
  const call = (topic: WakeupTopic, payload: string | undefined): void => {
    for (const listener of topics.get(topic) ?? []) {
      try {
        listener(payload)
      } catch (error) {
        log.error({ topic, reason: reasonOf(error) }, 'a listener to wake-ups failed')
      }
    }
  }
  return {
    add(topic: WakeupTopic, listener: Listener): () => void {
      // One wrapper for each call, so that the same function may listen twice.
      const entry: Listener = (payload) => listener(payload)
      const set = topics.get(topic) ?? new Set()
      topics.set(topic, set.add(entry))
      return () => void set.delete(entry)
    },
    call,
    callAll(): void {
      for (const topic of topics.keys()) call(topic, undefined)
    },
  }
}
