import type { Logger } from '../../ports/logger.ts'
import { reasonOf } from './failure.ts'

export type Poller = Readonly<{
  /** Work is there, perhaps: look now. */
  poke(): void
  /** Resolves when the running look is over. */
  stop(): Promise<void>
}>

export type PollerOptions = Readonly<{
  /** True when more is waiting: look again at once. */
  look(): Promise<boolean>
  log: Logger
  /** After something was found or poked; grows to `maxMs` while nothing is. */
  minMs: number
  maxMs: number
}>

/** Looks when poked and from time to time besides: a wake-up may be lost. After an error pokes wait for the next time. */
export function createPoller({ look, log, minMs, maxMs }: PollerOptions): Poller {
  let stopped = false
  let running: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let poked = false
  let failures = 0
  let waitMs = minMs

  const turn = async (): Promise<void> => {
    do {
      poked = false
      try {
        const more = await look()
        failures = 0
        if (more) poked = true
      } catch (error) {
        failures += 1
        if (failures === 1 || failures % 30 === 0)
          log.warn({ reason: reasonOf(error), failures }, 'the queue cannot be read')
      }
    } while (poked && failures === 0 && !stopped)
  }

  const start = (): void => {
    clearTimeout(timer)
    timer = undefined
    running = turn().then(() => {
      running = undefined
      if (stopped) return
      const jitter = 0.8 + Math.random() * 0.4
      timer = setTimeout(start, (failures > 0 ? maxMs : waitMs) * jitter)
      waitMs = Math.min(maxMs, waitMs * 2)
    })
  }

  start()
  return {
    poke() {
      if (stopped) return
      poked = true
      waitMs = minMs
      if (running === undefined && failures === 0) start()
    },
    async stop() {
      stopped = true
      clearTimeout(timer)
      await running
    },
  }
}
