import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { Logger } from '../ports/logger.ts'

export type EventLoopWatch = Readonly<{
  /** What it does every second: at most one warning a minute. */
  look(): void
  start(): void
  stop(): Promise<void>
}>

type Delays = Readonly<{
  /** Of the longest delay since `reset`, in nanoseconds. */
  max: number
  reset(): void
  enable(): unknown
  disable(): unknown
}>

export type EventLoopWatchOptions = Readonly<{
  metrics: Registry
  log: Logger
  /** From how long on a standstill is told. */
  limitMs: number
  delays?: Delays
  monotonicMs?: () => number
}>

const LOOK_EVERY_MS = 1_000
const RESOLUTION_MS = 20
const WARN_EVERY_MS = 60_000

/**
 * While the event loop stands still nothing is answered, no lease is renewed and no time limit holds; and whatever did it has
 * ended when anybody can look. So it is measured, counted and told.
 */
export function createEventLoopWatch(options: EventLoopWatchOptions): EventLoopWatch {
  const { metrics, log, limitMs, monotonicMs = () => performance.now() } = options
  const delays = options.delays ?? monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  const registers = [metrics]
  const blocked = new Counter({
    name: 'event_loop_blocked_total',
    help: 'Seconds in which the event loop stood still for longer than EVENT_LOOP_LIMIT_MS.',
    registers,
  })
  const longest = new Gauge({
    name: 'event_loop_longest_block_seconds',
    help: 'The longest standstill of the event loop since the process started.',
    registers,
  })
  let longestMs = 0
  let timer: NodeJS.Timeout | undefined
  let silentUntilMs = Number.NEGATIVE_INFINITY

  const look = (): void => {
    const blockedMs = Math.round(delays.max / 1e6)
    delays.reset()
    if (blockedMs > longestMs) {
      longestMs = blockedMs
      longest.set(longestMs / 1_000)
    }
    if (blockedMs <= limitMs) return
    blocked.inc()
    if (monotonicMs() < silentUntilMs) return
    silentUntilMs = monotonicMs() + WARN_EVERY_MS
    log.warn({ blockedMs, limitMs }, 'the event loop stood still: nothing was answered meanwhile')
  }
  return {
    look,
    start() {
      delays.enable()
      timer ??= setInterval(look, LOOK_EVERY_MS).unref()
    },
    async stop() {
      clearInterval(timer)
      delays.disable()
    },
  }
}
