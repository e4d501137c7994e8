import { Unavailable } from '../../core/errors.ts'
import type { ChannelId } from '../../core/ids.ts'
import type { WebhookChannel } from '../../ports/channel-directory.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ClosableChannelDirectory } from './channel-directory.ts'

export type CacheTimes = Readonly<{
  /** A channel is looked up again after this long. */
  freshMs: number
  /** How long what is known serves while the database is away. */
  staleMs: number
  /** A database that has not answered by then counts as away for whoever can be served from what is known. */
  patienceMs: number
}>

const TIMES: CacheTimes = { freshMs: 5_000, staleMs: 15 * 60_000, patienceMs: 250 }
const MAX_CHANNELS = 10_000

type Known = Readonly<{ channel: WebhookChannel; atMs: number }>
type LookUp = Readonly<{ channel: Promise<WebhookChannel | null>; sinceMs: number }>

/**
 * Keeps channels that were found, so that a delivery can be verified and handed on while the database is away. What was not
 * found is not kept: a new channel works at once.
 */
export function createCachedChannelDirectory(
  directory: ClosableChannelDirectory,
  { clock, times = TIMES }: { clock: Clock; times?: CacheTimes },
): ClosableChannelDirectory {
  const known = new Map<ChannelId, Known>()
  const underWay = new Map<ChannelId, LookUp>()
  // Once one look-up was too late nobody who can be served waits again, until one succeeds.
  let isAway = false

  const keep = (id: ChannelId, channel: WebhookChannel | null) => {
    // Taken out and put in again: the map's order is the order of the last look-up.
    known.delete(id)
    if (channel === null) return
    known.set(id, { channel, atMs: clock.monotonicMs() })
    const [oldest] = known.keys()
    if (known.size > MAX_CHANNELS && oldest !== undefined) known.delete(oldest)
  }
  const look = (id: ChannelId): LookUp => {
    const running = underWay.get(id)
    if (running) return running
    const channel = directory
      .find(id)
      .then((found) => {
        isAway = false
        keep(id, found)
        return found
      })
      .finally(() => underWay.delete(id))
    const started = { channel, sinceMs: clock.monotonicMs() }
    underWay.set(id, started)
    return started
  }
  return {
    count: (id, what, by) => directory.count(id, what, by),
    close: () => directory.close(),
    async find(id, { notOlderThanMs = times.freshMs } = {}) {
      const before = known.get(id)
      const ageMs = before ? clock.monotonicMs() - before.atMs : Number.POSITIVE_INFINITY
      if (before && ageMs < Math.min(times.freshMs, notOlderThanMs)) return before.channel
      const { channel, sinceMs } = look(id)
      if (!before || ageMs > times.staleMs) return channel
      const patienceMs = isAway ? 0 : Math.max(0, times.patienceMs - (clock.monotonicMs() - sinceMs))
      try {
        return await inTime(channel, patienceMs)
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error
        isAway = true
        return before.channel
      }
    },
  }
}

async function inTime<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Unavailable('The database takes long to answer.')), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
