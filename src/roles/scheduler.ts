import type { Clock } from '../ports/clock.ts'
import type { Housekeeping } from '../ports/housekeeping.ts'
import type { Logger } from '../ports/logger.ts'
import type { RunningRole } from './role.ts'

const EVERY_MS = 15 * 60_000
const HOUR_MS = 3_600_000
const IDEMPOTENCY_HOURS = 24

/** Forgets what may be forgotten. With some jitter, so that several of them do not meet. */
export function startScheduler({
  housekeeping,
  clock,
  log,
  rawEventRetentionDays,
}: {
  housekeeping: Housekeeping
  clock: Clock
  log: Logger
  rawEventRetentionDays: number
}): RunningRole {
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()
  const run = async (): Promise<void> => {
    const ago = (hours: number) => new Date(clock.now().getTime() - hours * HOUR_MS)
    try {
      const rawEvents = await housekeeping.forgetRawEvents(ago(rawEventRetentionDays * 24))
      const earlyFacts = await housekeeping.forgetEarlyFacts(ago(rawEventRetentionDays * 24))
      const keys = await housekeeping.forgetIdempotencyKeys(ago(IDEMPOTENCY_HOURS))
      const uploads = await housekeeping.forgetUploads(ago(0))
      const sessions = await housekeeping.forgetSessions(ago(0))
      const forgotten = { rawEvents, earlyFacts, keys, uploads, sessions }
      if (Object.values(forgotten).some((count) => count > 0)) log.info(forgotten, 'forgot what was past its time')
    } catch (error) {
      log.warn({ err: error }, 'housekeeping failed; it comes again')
    }
  }
  const plan = (delayMs: number): void => {
    timer = setTimeout(() => {
      running = run().finally(() => plan(EVERY_MS * (0.8 + Math.random() * 0.4)))
    }, delayMs)
  }
  plan(Math.random() * 60_000)
  return {
    async stop() {
      clearTimeout(timer)
      await running
      clearTimeout(timer)
    },
  }
}
