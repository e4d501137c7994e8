import type { Core } from '../core/index.ts'
import type { Logger } from '../ports/logger.ts'
import type { Wakeups } from '../ports/wakeups.ts'
import type { RunningRole } from './role.ts'

/** Sends under way at once in this process. */
const SLOTS = 32
const POLL_MS = 500

/** Keeps its slots busy while something is due; looks again when woken, and by itself. */
export function startOutbound({ core, wakeups, log }: { core: Core; wakeups: Wakeups; log: Logger }): RunningRole {
  const underway = new Set<Promise<void>>()
  const abandoned = new AbortController()
  let stopped = false
  let looking: Promise<void> | null = null
  let again = false

  const look = async (): Promise<void> => {
    try {
      do {
        again = false
        const free = SLOTS - underway.size
        if (free <= 0 || stopped) return
        for (const delivery of await core.deliverDue(free, abandoned.signal)) {
          again = true
          const done: Promise<void> = delivery
            .then((waitMs) => {
              if (waitMs !== null) wakeIn(waitMs)
            })
            .catch((error: unknown) =>
              log.error({ err: error }, 'a delivery ended without an outcome; its lease will run out'),
            )
            .finally(() => {
              underway.delete(done)
              poke()
            })
          underway.add(done)
        }
      } while (again)
    } catch (error) {
      log.warn({ err: error }, 'due messages could not be looked up; trying again')
    }
  }
  const poke = (): void => {
    if (stopped) return
    again = true
    // Not in `look` itself: where all slots are busy it ends before its promise is even here.
    looking ??= look().finally(() => {
      looking = null
      if (again) poke()
    })
  }

  // A conversation that came before its turn is due then, and not at the next round.
  const turns = new Set<NodeJS.Timeout>()
  const wakeIn = (ms: number): void => {
    const turn = setTimeout(() => {
      turns.delete(turn)
      poke()
    }, ms)
    turns.add(turn)
  }

  const silence = wakeups.on('sends', poke)
  const timer = setInterval(poke, POLL_MS)
  poke()
  return {
    async stop() {
      stopped = true
      clearInterval(timer)
      for (const turn of turns) clearTimeout(turn)
      silence()
      await looking
      // A call that has begun is finished: cut off, nobody would know whether it was sent. Its own time limit ends it.
      await Promise.all(underway)
    },
  }
}
