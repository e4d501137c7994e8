import type { Core } from '../core/index.ts'
import type { Clock } from '../ports/clock.ts'
import type { Housekeeping } from '../ports/housekeeping.ts'
import type { Logger } from '../ports/logger.ts'
import { repeat } from './repeat.ts'
import type { RunningRole } from './role.ts'
import { startTelling } from './telling.ts'

const HOUSEKEEPING_MS = 15 * 60_000
/** How late the sweeps of channels may be planned. */
const SWEEPS_MS = 60_000
/** How late the daily look at access tokens may be planned. */
const TOKENS_MS = 5 * 60_000
const HOUR_MS = 3_600_000
/** How late what a channel keeps no longer may go; nothing is stored anew that is as old. */
const RETENTION_MS = HOUR_MS
const IDEMPOTENCY_HOURS = 24

/** Forgets what may be forgotten and what channels keep no longer, has what was never delivered searched for and tokens prolonged, and tells of doubts. */
export function startScheduler({
  core,
  housekeeping,
  clock,
  log,
  rawEventRetentionDays,
}: {
  core: Pick<Core, 'expireMessages' | 'planSweeps' | 'planTokenChecks' | 'tellUnconfirmed'>
  housekeeping: Housekeeping
  clock: Clock
  log: Logger
  rawEventRetentionDays: number
}): RunningRole {
  const forget = async (): Promise<void> => {
    const ago = (hours: number) => new Date(clock.now().getTime() - hours * HOUR_MS)
    const rawEvents = await housekeeping.forgetRawEvents(ago(rawEventRetentionDays * 24))
    const unclaimed = await housekeeping.forgetUnclaimed(ago(rawEventRetentionDays * 24))
    const earlyFacts = await housekeeping.forgetEarlyFacts(ago(rawEventRetentionDays * 24))
    const deadJobs = await housekeeping.forgetDeadJobs(ago(rawEventRetentionDays * 24))
    const keys = await housekeeping.forgetIdempotencyKeys(ago(IDEMPOTENCY_HOURS))
    const uploads = await housekeeping.forgetUploads(ago(0))
    const exports = await housekeeping.forgetExports(ago(0))
    const sessions = await housekeeping.forgetSessions(ago(0))
    const forgotten = { rawEvents, unclaimed, earlyFacts, deadJobs, keys, uploads, exports, sessions }
    if (Object.values(forgotten).some((count) => count > 0)) log.info(forgotten, 'forgot what was past its time')
  }
  const stopping = new AbortController()
  const tasks = [
    repeat(forget, HOUSEKEEPING_MS, (error) => log.warn({ err: error }, 'housekeeping failed; it comes again')),
    repeat(core.planSweeps, SWEEPS_MS, (error) => log.warn({ err: error }, 'sweeps could not be planned; later again')),
    repeat(core.planTokenChecks, TOKENS_MS, (error) =>
      log.warn({ err: error }, 'checks of access tokens could not be planned; later again'),
    ),
    repeat(
      () => core.expireMessages(stopping.signal),
      RETENTION_MS,
      (error) => log.warn({ err: error }, 'what channels keep no longer could not be looked for; later again'),
    ),
    startTelling({ core, log }),
  ]
  return {
    async stop() {
      stopping.abort()
      await Promise.all(tasks.map((stop) => stop()))
    },
  }
}
