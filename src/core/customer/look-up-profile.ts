import type { CorePorts } from '../../ports/core-ports.ts'
import type { JobOutcome } from '../../ports/job-queue.ts'
import { putOff, waitOf } from '../channel/retry-look-up.ts'
import { NotFound } from '../errors.ts'
import type { ChannelId, CustomerId, ExternalUserId, OrgId } from '../ids.ts'

export type ProfileJob = Readonly<{
  orgId: OrgId
  channelId: ChannelId
  customerId: CustomerId
  person: ExternalUserId
  /** The webhook that the customer came with. */
  requestId?: string | null
}>

/** Asks the platform who the customer is. Its failure changes nothing else: the placeholder name stays. */
export const lookUpProfile =
  (ports: CorePorts) =>
  async (job: ProfileJob, attempt: number, signal: AbortSignal): Promise<JobOutcome> => {
    const { channelAccounts, channelRegistry, clock, log, unitOfWork, wakeups } = ports
    const account = await channelAccounts.load(job.orgId, job.channelId)
    const profiles = account && channelRegistry.get(account.type)?.profiles
    if (!account || !profiles) return { status: 'done' }
    const wait = waitOf(account, clock.now())
    if (wait) return wait
    const answer = await profiles.look(job.person, account, signal)
    const later = await putOff(ports, account, answer, attempt)
    if (later) return later
    if (answer.status === 'withheld') {
      log.debug(
        { customerId: job.customerId, requestId: job.requestId, detail: answer.detail },
        'the platform tells no profile',
      )
      return { status: 'done' }
    }
    if (answer.status !== 'found') return { status: 'done' }
    const stored = unitOfWork.run(job.orgId, async ({ customers, outbox }) => {
      if (!(await customers.saveProfile(job.customerId, answer.profile, clock.now()))) return
      await outbox.append([
        {
          type: 'customer.updated',
          actor: { type: 'SYSTEM', id: null },
          resource: { type: 'customer', id: job.customerId },
          ticketId: null,
          requestId: job.requestId ?? null,
        },
      ])
    })
    await stored.catch((error: unknown) => {
      // The customer was erased while the platform was asked.
      if (!(error instanceof NotFound)) throw error
    })
    wakeups.wake('events-written')
    return { status: 'done' }
  }
