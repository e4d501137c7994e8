import type { Job, JobOutcome, JobQueue, JobQueueName } from '../../ports/job-queue.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Wakeups } from '../../ports/wakeups.ts'
import { isNewer } from './delivery-message.ts'
import { backoffMs, isTransient, reasonOf } from './failure.ts'
import type { HeldJob, PostgresQueue } from './postgres-queue.ts'
import { createPoller, type Poller } from './queue-poller.ts'

const MAX_ATTEMPTS = 10
const MAINTENANCE_MS = 5_000
const PARK_MS = 15_000

export type PostgresJobsOptions = Readonly<{
  queue: PostgresQueue
  wakeups: Wakeups
  log: Logger
  maxAttempts?: number
}>

/** Enqueued by a plain insert into `jobs`, in the transaction the job belongs to; `wake('jobs', queue)` after it. */
export function createPostgresJobs(options: PostgresJobsOptions): JobQueue {
  const { queue, wakeups, log, maxAttempts = MAX_ATTEMPTS } = options
  const held = new Set<HeldJob>()
  const running = new Set<Promise<void>>()
  const pollers: Poller[] = []
  const silences: (() => void)[] = []
  let stopped = false

  const settle = async (job: HeldJob, outcome: JobOutcome): Promise<void> => {
    if (outcome.status === 'done') return queue.done(job)
    if (outcome.status === 'dead') return queue.dead([job], outcome.reason)
    if (outcome.status === 'wait') return queue.postpone([job], outcome.afterMs, outcome.reason)
    if (job.attempt >= maxAttempts) return queue.dead([job], outcome.reason)
    await queue.retry([job], outcome.afterMs, outcome.reason)
  }

  const outcomeOf = async (job: HeldJob, handle: (job: Job) => Promise<JobOutcome>): Promise<JobOutcome> => {
    const payload = readPayload(job.payload)
    if (payload === null) return { status: 'dead', reason: 'the payload is not a JSON object' }
    // Of a newer version, which may run beside this one: it waits for a worker of that.
    if (isNewer(payload['version'])) return { status: 'wait', afterMs: PARK_MS, reason: 'of a newer version' }
    try {
      return await handle({ id: job.id, queue: job.queue as JobQueueName, payload, attempt: job.attempt })
    } catch (error) {
      log.warn({ jobId: job.id, queue: job.queue, reason: reasonOf(error) }, 'a job failed')
      return { status: 'retry', afterMs: backoffMs(job.attempt), reason: reasonOf(error) }
    }
  }

  const work = async (job: HeldJob, handle: (job: Job) => Promise<JobOutcome>): Promise<void> => {
    try {
      await settle(job, await outcomeOf(job, handle))
    } catch (error) {
      // The lease ends and the job comes again.
      if (!isTransient(error)) throw error
      log.warn({ jobId: job.id, reason: reasonOf(error) }, 'the queue could not be told about a job; it comes again')
    }
  }

  return {
    async start(name, handle, { concurrency }) {
      stopped = false
      let active = 0
      const look = async (): Promise<boolean> => {
        const room = concurrency - active
        if (room <= 0 || stopped) return false
        const jobs = await queue.claim(name, room)
        for (const job of jobs) {
          held.add(job)
          active += 1
          const run = work(job, handle)
            .catch((error: unknown) =>
              log.error({ jobId: job.id, reason: reasonOf(error) }, 'a job could not be settled'),
            )
            .finally(() => {
              held.delete(job)
              running.delete(run)
              active -= 1
              poller.poke()
            })
          running.add(run)
        }
        return jobs.length === room
      }
      const poller = createPoller({ look, log, minMs: 250, maxMs: 1_000 })
      const maintenance = createPoller({
        async look() {
          await queue.sweep(name, maxAttempts)
          await queue.renew([...held].filter((job) => job.queue === name))
          return false
        },
        log,
        minMs: MAINTENANCE_MS,
        maxMs: MAINTENANCE_MS,
      })
      pollers.push(poller, maintenance)
      silences.push(
        wakeups.on('jobs', (woken) => {
          if (woken === undefined || woken === name) poller.poke()
        }),
      )
    },

    async stop() {
      stopped = true
      for (const silence of silences.splice(0)) silence()
      await Promise.all(pollers.splice(0).map((poller) => poller.stop()))
      await Promise.all(running)
    },
  }
}

function readPayload(bytes: Buffer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}
