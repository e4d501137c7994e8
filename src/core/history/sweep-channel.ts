import type { CorePorts } from '../../ports/core-ports.ts'
import type { JobOutcome } from '../../ports/job-queue.ts'
import { waitOf } from '../channel/retry-look-up.ts'
import type { ChannelId, OrgId } from '../ids.ts'
import { openReading } from './import-history.ts'
import { readPage } from './read-page.ts'

export type SweepJob = Readonly<{
  orgId: OrgId
  channelId: ChannelId
  /** Where a sweep of several pages is; absent on its first. */
  at?: Readonly<{ cursor: string; startedAt: string; since: string; checked: number; conversations: number }>
}>

const LOOK_BACK_MS = 24 * 3_600_000
const MAX_ATTEMPTS = 5
/** Two hundred busy conversations an hour: eight calls, and one for each gap. */
const MAX_CONVERSATIONS = 1_000

/** Enqueues the sweeps that are due. */
export const planSweeps =
  ({ channelRegistry, settings, sweepPlans, wakeups }: CorePorts) =>
  async (): Promise<number> => {
    const { sweepMinutes } = settings.history
    if (sweepMinutes === 0) return 0
    const types = channelRegistry.types.filter((type) => channelRegistry.get(type)?.history)
    const count = await sweepPlans.enqueueDue(types, sweepMinutes * 60_000)
    if (count > 0) wakeups.wake('jobs')
    return count
  }

/**
 * Compares what the platform lists of the last day, or since the last sweep, with what is stored, and takes in what was never
 * delivered. A page a job. One that fails changes nothing: the next sweep looks back as far.
 */
export const sweepChannel =
  (ports: CorePorts) =>
  async (job: SweepJob, attempt: number, signal: AbortSignal): Promise<JobOutcome> => {
    const { orgId, channelId } = job
    const { unitOfWork, clock, log } = ports
    let found = 0
    const requestId = `sweep-${ports.ids.next()}`
    const reading = await openReading(ports, { orgId, channelId }, requestId, async ({ history }, messages) => {
      await history.found(channelId, messages, clock.now())
      found += messages
    })
    // The import that a new token brings looks further back.
    if (reading === null || reading.account.status === 'NEEDS_REAUTH') return { status: 'done' }
    const now = clock.now()
    const wait = waitOf(reading.account, now)
    if (wait) return wait
    const startedAt = job.at ? new Date(job.at.startedAt) : now
    const since = job.at ? new Date(job.at.since) : sinceOf(reading, now)
    const read = job.at?.conversations ?? 0
    const from = { cursor: job.at?.cursor ?? null, since, messagesSince: since, limit: MAX_CONVERSATIONS - read }
    const page = await readPage(reading, from, signal)
    if (found > 0) {
      log.warn({ orgId, channelId, requestId, found }, 'messages that were never delivered have been found')
      ports.gapsFound(found)
    }
    if (page.status === 'retry') {
      const reason = page.detail
      return attempt >= MAX_ATTEMPTS
        ? { status: 'dead', reason }
        : { status: 'retry', afterMs: page.afterMs ?? 2_000 * 2 ** attempt, reason }
    }
    if (page.status === 'withheld') {
      log.warn({ orgId, channelId, reason: page.reason, detail: page.detail }, 'the platform tells no conversations')
      return { status: 'done' }
    }
    const checked = (job.at?.checked ?? 0) + page.checked
    const conversations = read + page.conversations
    const { nextCursor } = page
    await unitOfWork.run(orgId, async ({ history }) => {
      if (nextCursor === null || conversations >= MAX_CONVERSATIONS) await history.swept(channelId, startedAt, checked)
      else
        await history.plan('history-sweep', {
          channelId,
          at: { cursor: nextCursor, startedAt, since, checked, conversations },
        })
    })
    if (nextCursor !== null) ports.wakeups.wake('jobs')
    return { status: 'done' }
  }

/** What was written before the account was connected is the import's. */
function sinceOf(
  { connectedAt, lastSweepAt }: Readonly<{ connectedAt: Date; lastSweepAt: Date | null }>,
  now: Date,
): Date {
  const ago = now.getTime() - LOOK_BACK_MS
  const last = lastSweepAt === null ? ago : Math.min(ago, lastSweepAt.getTime())
  return new Date(Math.max(connectedAt.getTime(), last))
}
