import { mock } from 'node:test'
import test from 'ava'
import type { Housekeeping } from '../../src/ports/housekeeping.ts'
import { startScheduler } from '../../src/roles/scheduler.ts'
import { RecordingLog } from '../fakes/recording-log.ts'

const MINUTE_MS = 60_000

const nothing = async (): Promise<number> => 0
const housekeeping: Housekeeping = {
  ...{ forgetRawEvents: nothing, forgetUnclaimed: nothing, forgetEarlyFacts: nothing, forgetDeadJobs: nothing },
  ...{ forgetIdempotencyKeys: nothing, forgetUploads: nothing, forgetSessions: nothing, forgetExports: nothing },
}

/** What is due by then has begun, and what it began at once as well. */
async function pass(ms: number): Promise<void> {
  mock.timers.tick(ms)
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
}

test.serial(
  'what channels keep no longer is looked for within a minute and then every hour or so, and a run ends with the role',
  async (t) => {
    mock.timers.enable({ apis: ['setTimeout'] })
    t.teardown(() => mock.timers.reset())
    const runs: AbortSignal[] = []
    const ends: (() => void)[] = []
    const scheduler = startScheduler({
      core: {
        expireMessages: (signal) => {
          if (signal) runs.push(signal)
          return new Promise<void>((resolve) => ends.push(resolve))
        },
        ...{ planSweeps: nothing, planTokenChecks: nothing, tellUnconfirmed: nothing },
      },
      housekeeping,
      clock: { now: () => new Date(), monotonicMs: () => 0 },
      log: new RecordingLog(),
      rawEventRetentionDays: 14,
    })
    await pass(MINUTE_MS)
    t.is(runs.length, 1)
    await pass(120 * MINUTE_MS)
    t.is(runs.length, 1, 'never beside itself')
    ends[0]?.()
    await pass(0)
    await pass(72 * MINUTE_MS)
    t.is(runs.length, 2)
    t.false(runs[1]?.aborted)
    const stopped = scheduler.stop()
    t.true(runs[1]?.aborted)
    ends[1]?.()
    await stopped
    await pass(120 * MINUTE_MS)
    t.is(runs.length, 2)
  },
)
