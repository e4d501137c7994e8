import type { Failpoint } from '../../config/failpoints.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Wakeups } from '../../ports/wakeups.ts'
import type { SourceOptions, WebhookIntake, WebhookSource } from '../../ports/webhook-intake.ts'
import { type ChannelBatcher, createChannelBatcher } from './channel-batcher.ts'
import {
  type AnyDelivery,
  batchKey,
  fieldsOf,
  handlerOfAny,
  isForApp,
  isNewer,
  readDelivery,
} from './delivery-message.ts'
import { backoffMs, reasonOf } from './failure.ts'
import { CLAIM_OF_GROUP, type HeldJob, type PostgresQueue } from './postgres-queue.ts'
import { putAside } from './put-aside.ts'
import { createPoller, type Poller } from './queue-poller.ts'
import { KilledItsHolders, type Trials } from './trials.ts'

const QUEUE = 'inbound'
const MAX_ATTEMPTS = 10
/** Lost jobs come again and are given up here, with their bodies, rather than by the table. */
const NEVER_DEAD = 1_000_000
/** From here on a delivery is handed out alone. */
const SUSPECT_FROM = 4
const MAX_BATCH = 100
const MAX_WAITING = 1_000
const MAINTENANCE_MS = 5_000

export function createPostgresIntake({ queue }: { queue: PostgresQueue }): WebhookIntake {
  return { accept: (delivery) => enqueueDelivery(queue, delivery) }
}

/** `attempts`: those that there were before it came here. */
export const enqueueDelivery = (
  queue: Pick<PostgresQueue, 'enqueue'>,
  delivery: AnyDelivery,
  attempts = 0,
): Promise<void> =>
  queue.enqueue({
    id: delivery.id,
    queue: QUEUE,
    grouping: batchKey(delivery),
    attempts,
    meta: fieldsOf(delivery),
    payload: delivery.body,
  })

export type PostgresSourceOptions = Readonly<{
  queue: PostgresQueue
  wakeups: Wakeups
  log: Logger
  /** Of deliveries that come again, so that one that kills its holder is found; without it they are batched as any other. */
  trials?: Trials
  retryDelayMs?: (attempt: number) => number
  /** How long a batch may take before it counts as failed. */
  deadlineMs?: number
  failpoint?: Failpoint | null
  /** How long a delivery of a newer version waits before somebody looks again whether it knows it. */
  parkMs?: () => number
}>

/** 5 to 30 s: old and new workers are side by side for minutes, and each may be the one that looks. */
const aWhileMs = (): number => 5_000 + Math.random() * 25_000

type Held = { job: HeldJob; delivery: AnyDelivery }

/** It failed, or its holder died or hung. */
const cameBefore = ({ job }: Held): boolean => job.attempt > 1

export function createPostgresSource(options: PostgresSourceOptions): WebhookSource {
  const { queue, wakeups, log, trials, retryDelayMs = backoffMs, parkMs = aWhileMs } = options
  const { deadlineMs, failpoint = null } = options
  const held = new Set<HeldJob>()
  let batcher: ChannelBatcher<Held> | undefined
  let giveUp: SourceOptions['handleGivenUp']
  let pollers: readonly Poller[] = []
  let silence: (() => void) | undefined

  /** Kept where an organization can see it, or tried again while that cannot be done; what is no organization's is dead. */
  const givenUp = async ({ job, delivery }: Held, error: unknown): Promise<void> => {
    if (giveUp === undefined || isForApp(delivery)) return queue.dead([job], reasonOf(error))
    if (!(await putAside(giveUp, delivery, error, log)))
      return queue.retry([job], retryDelayMs(job.attempt), reasonOf(error))
    await queue.done(job)
    await trials?.forget(job.id)
  }

  const failed = async (batch: readonly Held[], error: unknown): Promise<void> => {
    const reason = reasonOf(error)
    log.warn({ reason, size: batch.length, about: batch[0] && batchKey(batch[0].delivery) }, 'a batch failed')
    for (const { job } of batch) held.delete(job)
    const attempts = Map.groupBy(batch, ({ job }) => job.attempt)
    for (const [attempt, items] of attempts) {
      const jobs = items.map(({ job }) => job)
      if (attempt >= MAX_ATTEMPTS || error instanceof KilledItsHolders)
        await Promise.all(items.map((item) => givenUp(item, error)))
      else await queue.retry(jobs, retryDelayMs(attempt), reason)
    }
  }

  const take = async (into: ChannelBatcher<Held>): Promise<boolean> => {
    const room = MAX_WAITING - into.waiting()
    if (room < MAX_WAITING / 2) return false
    const jobs = await queue.claim(QUEUE, room)
    for (const job of jobs) {
      if (isNewer((job.meta as { version?: unknown } | null)?.version)) {
        log.warn({ rawEventId: job.id }, 'a delivery is of a newer version and waits for it')
        await queue.postpone([job], parkMs(), 'of a newer version')
        continue
      }
      const read = readDelivery(job.id, job.meta, job.payload)
      if ('wrong' in read) {
        await queue.dead([job], read.wrong)
        continue
      }
      if (job.attempt > MAX_ATTEMPTS) {
        await givenUp({ job, delivery: read.delivery }, new Error('whoever held it died or hung'))
        continue
      }
      held.add(job)
      into.add({ job, delivery: read.delivery })
    }
    // Fewer are all that there were, or as many bytes as go at once: whoever is done with one of those pokes again.
    return jobs.length >= CLAIM_OF_GROUP
  }

  return {
    async start(handle, options) {
      const handleAny = handlerOfAny(handle, options)
      if (batcher !== undefined) throw new Error('The source runs already.')
      giveUp = options.handleGivenUp
      const running = createChannelBatcher<Held>({
        concurrency: options.concurrency,
        maxBatch: MAX_BATCH,
        keyOf: ({ delivery }) => batchKey(delivery),
        isSuspect: (one) => one.job.attempt >= SUSPECT_FROM || (trials !== undefined && cameBefore(one)),
        handle(batch, signal) {
          const work = () =>
            handleAny(
              batch.map(({ delivery }) => delivery),
              signal,
            )
          const [first] = batch
          return trials && first && cameBefore(first) ? trials.run(first.job.id, work, signal) : work()
        },
        async done(batch) {
          for (const { job } of batch) held.delete(job)
          await Promise.all(batch.map(({ job }) => queue.done(job)))
          if (failpoint) await failpoint('batch.acknowledged')
        },
        failed,
        onRoom: () => poller.poke(),
        log,
        ...(deadlineMs !== undefined && { deadlineMs }),
      })
      const poller = createPoller({ look: () => take(running), log, minMs: 250, maxMs: 1_000 })
      const maintenance = createPoller({
        async look() {
          await queue.sweep(QUEUE, giveUp ? NEVER_DEAD : MAX_ATTEMPTS)
          await queue.renew([...held])
          return false
        },
        log,
        minMs: MAINTENANCE_MS,
        maxMs: MAINTENANCE_MS,
      })
      batcher = running
      pollers = [poller, maintenance]
      silence = wakeups.on('jobs', (name) => {
        if (name === undefined || name === QUEUE) poller.poke()
      })
    },

    async stop() {
      silence?.()
      const [poller, maintenance] = pollers
      await poller?.stop()
      // Renewing goes on while batches run.
      const rest = (await batcher?.stop()) ?? []
      await maintenance?.stop()
      batcher = undefined
      pollers = []
      held.clear()
      if (rest.length > 0) await queue.giveBack(rest.map(({ job }) => job)).catch(() => {})
    },
  }
}
