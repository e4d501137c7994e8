import type { Core } from '../core/index.ts'
import type { DoubtJob } from '../core/message/check-doubt.ts'
import type { ReactionJob } from '../core/reaction/show-reaction.ts'
import type { JobQueue } from '../ports/job-queue.ts'
import type { Logger } from '../ports/logger.ts'
import type { Wakeups } from '../ports/wakeups.ts'
import type { RunningRole } from './role.ts'
import { startTelling } from './telling.ts'

/** Sends under way at once in this process. */
const SLOTS = 32
const POLL_MS = 500
/** Looks at what became of a reply in doubt. */
const CHECKS_AT_ONCE = 4
const REACTIONS_AT_ONCE = 8

/** Keeps its slots busy while something is due; looks again when woken, and by itself. */
export async function startOutbound({
  core,
  wakeups,
  jobs,
  log,
}: {
  core: Core
  wakeups: Wakeups
  jobs: JobQueue
  log: Logger
}): Promise<RunningRole> {
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

  const checks = new AbortController()
  await jobs.start('doubt-check', (job) => core.checkDoubt(job.payload as DoubtJob, job.attempt, checks.signal), {
    concurrency: CHECKS_AT_ONCE,
  })
  await jobs.start('reaction', (job) => core.showReaction(job.payload as ReactionJob, job.attempt, checks.signal), {
    concurrency: REACTIONS_AT_ONCE,
  })
  const stopTelling = startTelling({ core, log })
  const silence = wakeups.on('sends', poke)
  const timer = setInterval(poke, POLL_MS)
  poke()
  return {
    async stop() {
      stopped = true
      checks.abort()
      clearInterval(timer)
      for (const turn of turns) clearTimeout(turn)
      silence()
      await Promise.all([jobs.stop(), stopTelling()])
      await looking
      // A call that has begun is finished: cut off, nobody would know whether it was sent. Its own time limit ends it.
      await Promise.all(underway)
    },
  }
}
