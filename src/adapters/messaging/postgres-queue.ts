import { createHash } from 'node:crypto'
import type pg from 'pg'
import type { Failpoint } from '../../config/failpoints.ts'
import { Unavailable } from '../../core/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Wakeups } from '../../ports/wakeups.ts'
import { isDataError } from '../postgres-kit/errors.ts'
import { runStatement } from '../postgres-kit/statement.ts'
import { reasonOf } from './failure.ts'
import { createGroupCommit } from './group-commit.ts'
import * as sql from './postgres-queue-sql.ts'

export type NewJob = Readonly<{
  id: string
  queue: string
  /** Jobs of one group are handed out together. */
  grouping?: string
  delayMs?: number
  /** Attempts that there were elsewhere, before it came here. */
  attempts?: number
  meta?: Readonly<Record<string, unknown>>
  payload: Uint8Array
}>

export type HeldJob = Readonly<{
  id: string
  queue: string
  grouping: string
  /** 1 at the first delivery. */
  attempt: number
  meta: unknown
  payload: Buffer
}>

/** What was given up elsewhere. */
export type Buried = Readonly<{
  /** Of the message itself; the same message is buried once. */
  about: string
  queue: string
  meta: Readonly<Record<string, unknown>>
  payload: Uint8Array
  reason: string
}>

export type JobRef = Pick<HeldJob, 'id' | 'attempt'>

export interface PostgresQueue {
  /** Resolves once committed. An id that is known already is left as it is. */
  enqueue(job: NewJob): Promise<void>
  /** Organizations in turn, the oldest of each first; ours until the lease of 30 s ends. */
  claim(queue: string, limit: number): Promise<readonly HeldJob[]>
  /** Only if the lease was not lost; then, and if the server is away, the job comes again. */
  done(job: JobRef): Promise<void>
  retry(jobs: readonly JobRef[], delayMs: number, reason: string): Promise<void>
  /** As `retry`, and as if never claimed. */
  postpone(jobs: readonly JobRef[], delayMs: number, reason: string): Promise<void>
  dead(jobs: readonly JobRef[], reason: string): Promise<void>
  /** Keeps it among the dead. Rejects with `Unavailable` where that is not possible now. */
  bury(letter: Buried): Promise<void>
  /** As if never claimed. */
  giveBack(jobs: readonly JobRef[]): Promise<void>
  renew(jobs: readonly JobRef[]): Promise<void>
  /** Frees jobs whose worker died or hung; those that had `maxAttempts` are dead. */
  sweep(queue: string, maxAttempts: number): Promise<void>
}

export type PostgresQueueOptions = Readonly<{
  /** Its sessions run as `dc_system`. */
  pool: pg.Pool
  clock: Clock
  log: Logger
  wakeups: Wakeups
  statementTimeoutMs?: number
  failpoint?: Failpoint | null
}>

/** Rows below the bound are skipped, so that dead ones pile up behind it while a long snapshot keeps vacuum away. */
const FULL_SCAN_EVERY_MS = 5_000
const CLAIM_BYTES = 16 * 1_048_576
/** A batch is no larger; whoever has more comes again with the next claim. */
export const CLAIM_OF_GROUP = 100

export function createPostgresQueue(options: PostgresQueueOptions): PostgresQueue {
  const { pool, clock, log, wakeups, statementTimeoutMs = 1_500, failpoint = null } = options
  const run = <Row extends pg.QueryResultRow>(text: string, values: readonly unknown[], timeoutMs = 10_000) =>
    runStatement<Row>(pool, text, values, timeoutMs)
  const bounds = new Map<string, { bound: string; fullScanAtMs: number }>()

  const insert = async (jobs: readonly NewJob[]): Promise<void> => {
    const offsets: number[] = []
    let offset = 1
    for (const { payload } of jobs) {
      offsets.push(offset)
      offset += payload.byteLength
    }
    if (failpoint) await failpoint('group.committing')
    // One binary parameter holds all payloads: an array of bytea would travel as hexadecimal text.
    await run(
      sql.INSERT,
      [
        jobs.map((job) => job.id),
        jobs.map((job) => job.queue),
        jobs.map((job) => job.grouping ?? ''),
        jobs.map((job) => job.delayMs ?? 0),
        jobs.map((job) => JSON.stringify(job.meta ?? {})),
        offsets,
        jobs.map((job) => job.payload.byteLength),
        Buffer.concat(jobs.map((job) => job.payload)),
        jobs.map((job) => job.attempts ?? 0),
      ],
      statementTimeoutMs,
    )
    if (failpoint) await failpoint('group.committed')
    for (const queue of new Set(jobs.map((job) => job.queue))) wakeups.wake('jobs', queue)
  }
  const save = createGroupCommit<NewJob>({ saveMany: insert, isDataError, bytesOf: (job) => job.payload.byteLength })
  // What is done while a delete is under way goes with the next one.
  const acknowledge = createGroupCommit<JobRef>({
    saveMany: async (jobs) => void (await run(sql.DELETE, refs(jobs))),
    isDataError: () => false,
    writers: 1,
    maxItems: 1_000,
  })

  return {
    enqueue: (job) =>
      save(job).catch((error: unknown) => {
        if (isDataError(error)) throw error
        throw new Unavailable('The queue could not be written.', error)
      }),

    async claim(queue, limit) {
      const known = bounds.get(queue)
      const nowMs = clock.monotonicMs()
      const full = known === undefined || nowMs >= known.fullScanAtMs
      const bound = full ? '-infinity' : known.bound
      if (failpoint) await failpoint('queue.claiming')
      const { rows } = await run<HeldJob & { run_at: string; margin: string }>(sql.CLAIM, [
        queue,
        limit,
        bound,
        CLAIM_BYTES,
        CLAIM_OF_GROUP,
      ])
      if (failpoint && rows.length > 0) await failpoint('queue.claimed')
      const first = rows[0]
      bounds.set(queue, {
        bound: first?.margin ?? known?.bound ?? '-infinity',
        fullScanAtMs: full ? nowMs + FULL_SCAN_EVERY_MS : known.fullScanAtMs,
      })
      return rows
    },

    done: acknowledge,
    async retry(jobs, delayMs, reason) {
      await run(sql.RETRY, [...refs(jobs), Math.round(delayMs), reasonOf(reason)])
    },
    async postpone(jobs, delayMs, reason) {
      await run(sql.POSTPONE, [...refs(jobs), Math.round(delayMs), reasonOf(reason)])
    },
    async dead(jobs, reason) {
      const { rows } = await run<{ id: string; queue: string }>(sql.DEAD, [...refs(jobs), reasonOf(reason)])
      for (const { id, queue } of rows) log.error({ jobId: id, queue, reason: reasonOf(reason) }, 'a job is dead')
    },
    async bury({ about, queue, meta, payload, reason }) {
      const id = createHash('md5').update(`${about}\n`).update(payload).digest('hex')
      await run(sql.BURY, [id, queue, reasonOf(reason), JSON.stringify(meta), payload]).catch((error: unknown) => {
        throw isDataError(error) ? error : new Unavailable('The queue could not be written.', error)
      })
      log.error({ jobId: id, queue, reason: reasonOf(reason) }, 'a job is dead')
    },
    async giveBack(jobs) {
      await run(sql.GIVE_BACK, refs(jobs))
    },
    async renew(jobs) {
      if (jobs.length > 0) await run(sql.RENEW, refs(jobs))
    },
    async sweep(queue, maxAttempts) {
      const { rows } = await run<{ id: string; state: string; attempt: number }>(sql.SWEEP, [queue, maxAttempts])
      for (const { id, state, attempt } of rows) {
        const fields = { jobId: id, queue, attempt }
        if (state === 'DEAD') log.error(fields, 'a job is dead: whoever held it always died or hung')
        else log.warn(fields, 'a job is free again: whoever held it died or hung')
      }
    },
  }
}

const refs = (jobs: readonly JobRef[]): unknown[] => [jobs.map((job) => job.id), jobs.map((job) => job.attempt)]
