import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from 'pg'
import type { Failpoint } from '../../config/failpoints.ts'
import { Unavailable } from '../../core/errors.ts'
import type { Logger } from '../../ports/logger.ts'
import { runStatement } from '../postgres-kit/statement.ts'
import { reasonOf } from './failure.ts'

/** Whoever held it died each time: at first with others beside it, at last alone. */
export class KilledItsHolders extends Error {
  constructor() {
    super('whoever held it died each time, at last while it was alone')
    this.name = 'KilledItsHolders'
  }
}

export interface Trials {
  /**
   * Runs the work on a delivery whose holder was lost, and counts that durably before: its first trial beside those of a few
   * others, for after a kill there are hundreds, each later one with no other trial beside it in this process. Rejects with
   * `KilledItsHolders`, and does not run it, when three processes began a trial of it and did not live to its end: a queue's own
   * count would blame whatever was merely in the same hands.
   */
  run(id: string, work: () => Promise<void>, signal: AbortSignal): Promise<void>
  /** It is where it belongs, and comes no more. */
  forget(id: string): Promise<void>
}

export type TrialsOptions = Readonly<{
  pool: Pool
  log: Logger
  failpoint?: Failpoint | null
  /** How long a delivery rests with whoever has it, once so many trials had no end. */
  restMs?: (withoutEnd: number) => number
}>

/** A kill from outside meets the trial of an innocent now and then, and next to never that of the same one three times. */
export const MOST_WITHOUT_END = 3
const FIRST_TOGETHER = 8
const WITHIN_MS = 5_000
const NOTED_AGAIN_MS = 1_000

/**
 * 2 to 4 s, then 4 to 8 s: by chance, and from when this process has it. Whatever kills processes soon after they start would
 * otherwise meet the same one each time, the first in line.
 */
const aWhileMs = (withoutEnd: number): number => 2_000 * 2 ** (withoutEnd - 1) * (1 + Math.random())

const WITHOUT_END = 'select begun from delivery_trials where delivery_id = $1 and life is distinct from $2'
// A process that begins one again has survived the one before, and could not note that.
const BEGIN = `
insert into delivery_trials (delivery_id, begun, life) values ($1, 1, $2)
on conflict (delivery_id) do update set last_at = now(), life = excluded.life,
  begun = delivery_trials.begun + case when delivery_trials.life = excluded.life then 0 else 1 end
  where delivery_trials.begun < ${MOST_WITHOUT_END} or delivery_trials.life = excluded.life
returning begun`
const FORGET = 'delete from delivery_trials where delivery_id = $1'
const FORGET_OWN = 'delete from delivery_trials where delivery_id = any($1) and life = $2'

export function createTrials({ pool, log, failpoint = null, restMs = aWhileMs }: TrialsOptions): Trials {
  /** This process, as long as it lives. */
  const life = randomUUID()
  /** Came to their end, which is not noted yet. */
  const ended = new Set<string>()
  const inTurn = createTurns(FIRST_TOGETHER)
  let timer: NodeJS.Timeout | undefined

  const begun = async (statement: string, id: string): Promise<number | null> => {
    const { rows } = await runStatement<{ begun: number }>(pool, statement, [id, life], WITHIN_MS).catch(
      (error: unknown) => {
        throw new Unavailable('A trial could not be counted.', error)
      },
    )
    return rows[0]?.begun ?? null
  }
  /** Whether it has had a trial, after which it rests. */
  const hadOne = async (id: string, signal: AbortSignal): Promise<boolean> => {
    const withoutEnd = await begun(WITHOUT_END, id)
    if (withoutEnd !== null && withoutEnd < MOST_WITHOUT_END) await sleep(restMs(withoutEnd), undefined, { signal })
    return withoutEnd !== null
  }
  const begin = async (id: string): Promise<void> => {
    if (failpoint) await failpoint('trial.counting')
    if ((await begun(BEGIN, id)) === null) throw new KilledItsHolders()
    if (failpoint) await failpoint('trial.counted')
  }
  const noteEnds = async (): Promise<void> => {
    clearTimeout(timer)
    const ids = [...ended]
    try {
      await runStatement(pool, FORGET_OWN, [ids, life], WITHIN_MS)
      for (const id of ids) ended.delete(id)
    } catch (error) {
      log.warn({ rawEventId: ids[0], trials: ids.length, reason: reasonOf(error) }, 'the end of a trial is noted later')
      timer = setTimeout(() => void noteEnds(), NOTED_AGAIN_MS).unref()
    }
  }

  return {
    async run(id, work, signal) {
      // While it rests others have their trials.
      const isAlone = await hadOne(id, signal)
      await inTurn(isAlone, async () => {
        signal.throwIfAborted()
        ended.delete(id)
        await begin(id)
        try {
          // One that hangs gives its place to the next when its time is over.
          await Promise.race([work(), aborted(signal)])
        } finally {
          ended.add(id)
          await noteEnds()
        }
      })
    },
    async forget(id) {
      ended.delete(id)
      try {
        await runStatement(pool, FORGET, [id], WITHIN_MS)
      } catch (error) {
        log.warn({ rawEventId: id, reason: reasonOf(error) }, 'the end of a trial could not be noted')
      }
    },
  }
}

/** Runs what is to be alone when all before it is over, and up to so many others together. */
function createTurns(most: number) {
  let last: Promise<unknown> = Promise.resolve()
  let group: { after: Promise<unknown>; size: number } | null = null
  return <T>(isAlone: boolean, task: () => Promise<T>): Promise<T> => {
    if (isAlone || group === null || group.size >= most) group = isAlone ? null : { after: last, size: 0 }
    if (group) group.size += 1
    const turn = (group?.after ?? last).then(task)
    last = Promise.allSettled([last, turn]).then(() => {})
    return turn
  }
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
