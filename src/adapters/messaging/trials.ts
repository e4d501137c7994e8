import type { Pool } from 'pg'
import type { Failpoint } from '../../config/failpoints.ts'
import { Unavailable } from '../../core/errors.ts'
import type { Logger } from '../../ports/logger.ts'
import { runStatement } from '../postgres-kit/statement.ts'
import { reasonOf } from './failure.ts'

/** Whoever held it died each time: at first with others beside it, then twice alone. */
export class KilledItsHolders extends Error {
  constructor() {
    super('whoever held it died each time, at last while it was alone')
    this.name = 'KilledItsHolders'
  }
}

export interface Trials {
  /**
   * Runs the work on a delivery whose holder was lost, with no other such delivery beside it in this process, and counts
   * that durably before. Rejects with `KilledItsHolders`, and does not run it, when two trials have no end: a queue's own count
   * would blame whatever was merely in the same hands.
   */
  alone(id: string, work: () => Promise<void>, signal: AbortSignal): Promise<void>
  /** It is where it belongs, and comes no more. */
  forget(id: string): Promise<void>
}

const MOST_WITHOUT_END = 2
const WITHIN_MS = 5_000

const BEGIN = `
insert into delivery_trials (delivery_id, begun) values ($1, 1)
on conflict (delivery_id) do update set begun = delivery_trials.begun + 1, last_at = now()
  where delivery_trials.begun < ${MOST_WITHOUT_END}
returning begun`
const FORGET = 'delete from delivery_trials where delivery_id = $1'

export function createTrials({
  pool,
  log,
  failpoint = null,
}: Readonly<{ pool: Pool; log: Logger; failpoint?: Failpoint | null }>): Trials {
  let last: Promise<unknown> = Promise.resolve()

  const begin = async (id: string): Promise<void> => {
    if (failpoint) await failpoint('trial.counting')
    const { rows } = await runStatement(pool, BEGIN, [id], WITHIN_MS).catch((error: unknown) => {
      throw new Unavailable('A trial could not be counted.', error)
    })
    if (rows.length === 0) throw new KilledItsHolders()
    if (failpoint) await failpoint('trial.counted')
  }
  const forget = async (id: string): Promise<void> => {
    try {
      await runStatement(pool, FORGET, [id], WITHIN_MS)
    } catch (error) {
      log.warn({ rawEventId: id, reason: reasonOf(error) }, 'the end of a trial could not be noted')
    }
  }

  return {
    alone(id, work, signal) {
      const trial = last.then(async () => {
        signal.throwIfAborted()
        await begin(id)
        try {
          // One that hangs gives its place to the next when its time is over.
          await Promise.race([work(), aborted(signal)])
        } finally {
          await forget(id)
        }
      })
      last = trial.catch(() => {})
      return trial
    },
    forget,
  }
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
