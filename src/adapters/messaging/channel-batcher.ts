import type { Logger } from '../../ports/logger.ts'
import { withinDeadline } from './deadline.ts'
import { ownerOf } from './delivery-message.ts'
import { isTransient, reasonOf } from './failure.ts'

export type ChannelBatcherOptions<T> = Readonly<{
  concurrency: number
  maxBatch: number
  /** Its organization's is the part before the colon. */
  keyOf(item: T): string
  /** Handed out alone, so that whatever is wrong with it harms no neighbour. */
  isSuspect(item: T): boolean
  /** The signal aborts when the deadline is over: nothing more is to be begun then. */
  handle(batch: readonly T[], signal: AbortSignal): Promise<void>
  done(batch: readonly T[]): Promise<void>
  /** The batch itself is at fault. A failure of a server is not told: the batch waits here and is tried again. */
  failed(batch: readonly T[], error: unknown): Promise<void>
  /** Something was handed out: there is room. */
  onRoom(): void
  log: Logger
  /** A batch that takes longer counts as failed. */
  deadlineMs?: number
}>

export type ChannelBatcher<T> = Readonly<{
  add(item: T): void
  /** Not counting the running batches. */
  waiting(): number
  /** Takes out what waits. */
  clear(): readonly T[]
  /** Waits for the running batches; what waits is returned. */
  stop(): Promise<readonly T[]>
}>

type Lane<T> = {
  items: T[]
  busy: boolean
  failures: number
  /** Until then nothing of it is handed out. */
  timer: NodeJS.Timeout | undefined
  /** The timer is a rest, and no wait for a server. */
  rests: boolean
}

/** With shorter rests each message costs more; with longer ones batches take longer, and no less is done for a message. */
const REST_OF_BATCH = 2
const LONGEST_REST_MS = 100

/**
 * Batches of one channel at a time, never two of the same channel at once, channels in turn: first those of whoever has least under way.
 *
 * After a batch its channel rests for twice as long as the batch took, unless a whole batch waits already. A channel that is always busy
 * has fewer, larger batches then, each message costs less, and in between the processors are there for others. A channel with a
 * message now and then does not notice, and a backlog goes on without rests.
 */
export function createChannelBatcher<T>(options: ChannelBatcherOptions<T>): ChannelBatcher<T> {
  const { concurrency, maxBatch, keyOf, isSuspect, onRoom, log, deadlineMs = 60_000 } = options
  const lanes = new Map<string, Lane<T>>()
  const turns = new Set<string>()
  const running = new Set<Promise<void>>()
  /** Batches of an organization. */
  const underWay = new Map<string, number>()
  let waiting = 0
  let scheduled = false
  let stopped = false

  const take = (lane: Lane<T>): T[] => {
    const end = lane.items.findIndex(isSuspect)
    const count = end === 0 ? 1 : Math.min(maxBatch, end === -1 ? lane.items.length : end)
    waiting -= count
    return lane.items.splice(0, count)
  }

  /** Of those that have least under way the one that waits longest. */
  const nextInTurn = (): string | undefined => {
    let next: string | undefined
    let least = Number.POSITIVE_INFINITY
    for (const key of turns) {
      const places = underWay.get(ownerOf(key)) ?? 0
      if (places >= least) continue
      next = key
      least = places
      if (places === 0) break
    }
    return next
  }
  const count = (key: string, by: 1 | -1): void => {
    const places = (underWay.get(ownerOf(key)) ?? 0) + by
    if (places === 0) underWay.delete(ownerOf(key))
    else underWay.set(ownerOf(key), places)
  }

  const pump = (): void => {
    scheduled = false
    while (!stopped && running.size < concurrency) {
      const key = nextInTurn()
      if (key === undefined) return
      turns.delete(key)
      const lane = lanes.get(key)
      if (lane === undefined || lane.items.length === 0) continue
      lane.busy = true
      count(key, 1)
      const startedAt = performance.now()
      const run = work(lane, take(lane)).then(() => {
        running.delete(run)
        count(key, -1)
        lane.busy = false
        if (lane.timer === undefined) rest(key, lane, performance.now() - startedAt)
        pump()
        onRoom()
      })
      running.add(run)
    }
  }

  const enter = (key: string, lane: Lane<T>): void => {
    if (!lane.busy && lane.timer === undefined) turns.add(key)
  }

  const rest = (key: string, lane: Lane<T>, tookMs: number): void => {
    if (stopped || lane.items.length >= maxBatch) return void enter(key, lane)
    lane.rests = true
    lane.timer = setTimeout(() => rested(key, lane), Math.min(tookMs * REST_OF_BATCH, LONGEST_REST_MS))
  }
  const rested = (key: string, lane: Lane<T>): void => {
    clearTimeout(lane.timer)
    lane.timer = undefined
    lane.rests = false
    if (lane.items.length === 0) return void lanes.delete(key)
    enter(key, lane)
    pump()
  }

  const work = async (lane: Lane<T>, batch: T[]): Promise<void> => {
    let settle = () => options.done(batch)
    try {
      await withinDeadline(deadlineMs, (signal) => options.handle(batch, signal))
    } catch (error) {
      if (isTransient(error)) return later(lane, batch, error)
      settle = () => options.failed(batch, error)
    }
    lane.failures = 0
    await settle().catch((error: unknown) => {
      log.warn(
        { reason: reasonOf(error), size: batch.length },
        'the queue could not be told about a batch; it comes again',
      )
    })
  }

  const later = (lane: Lane<T>, batch: T[], error: unknown): void => {
    lane.items.unshift(...batch)
    waiting += batch.length
    lane.failures += 1
    const delayMs = Math.min(5_000, 250 * 2 ** (lane.failures - 1)) * (0.5 + Math.random() / 2)
    if (lane.failures === 1)
      log.warn({ reason: reasonOf(error), size: batch.length }, 'a server is away; the batch waits')
    if (stopped) return
    lane.timer = setTimeout(() => {
      lane.timer = undefined
      for (const [key, value] of lanes) if (value === lane) enter(key, lane)
      pump()
    }, delayMs)
  }

  const clear = (): readonly T[] => {
    const rest: T[] = []
    for (const [key, lane] of lanes) {
      rest.push(...lane.items.splice(0))
      clearTimeout(lane.timer)
      lane.timer = undefined
      lane.rests = false
      if (!lane.busy) lanes.delete(key)
    }
    turns.clear()
    waiting = 0
    return rest
  }

  return {
    add(item) {
      const key = keyOf(item)
      const lane = lanes.get(key) ?? { items: [], busy: false, failures: 0, timer: undefined, rests: false }
      lanes.set(key, lane)
      lane.items.push(item)
      waiting += 1
      if (lane.rests && lane.items.length >= maxBatch) rested(key, lane)
      else enter(key, lane)
      if (scheduled) return
      scheduled = true
      // Not at once: what arrives together goes out together.
      setImmediate(pump)
    },
    waiting: () => waiting,
    clear,
    async stop() {
      stopped = true
      await Promise.all(running)
      return clear()
    },
  }
}
