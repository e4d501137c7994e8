import type { AskedMedia } from '../../ports/channel-adapter.ts'
import type { CorePorts } from '../../ports/core-ports.ts'
import type { JobOutcome } from '../../ports/job-queue.ts'
import type { ChannelId, OrgId } from '../ids.ts'
import { putOff, waitOf } from './retry-look-up.ts'

export type MediaJob = Readonly<{ orgId: OrgId; channelId: ChannelId }> & AskedMedia

/** Asks the platform about the post that people commented on. Its failure changes nothing else: the post is shown by its id. */
export const lookUpMedia =
  (ports: CorePorts) =>
  async (job: MediaJob, attempt: number, signal: AbortSignal): Promise<JobOutcome> => {
    const { channelAccounts, channelRegistry, clock, log, unitOfWork, wakeups } = ports
    const account = await channelAccounts.load(job.orgId, job.channelId)
    const facet = account && channelRegistry.get(account.type)?.media
    if (!account || !facet) return { status: 'done' }
    const wait = waitOf(account, clock.now())
    if (wait) return wait
    const answer = await facet.look(job, account, signal)
    const later = await putOff(ports, account, answer, attempt)
    if (later) return later
    if (answer.status === 'gone')
      log.debug({ channelId: job.channelId, detail: answer.detail }, 'the platform has no such post')
    if (answer.status === 'withheld') {
      log.debug({ channelId: job.channelId, detail: answer.detail }, 'the platform does not tell about a post')
      return { status: 'done' }
    }
    const found = answer.status === 'found' ? answer.media : null
    await unitOfWork.run(job.orgId, async ({ media, outbox }) => {
      const tickets = await media.save(job.channelId, job.mediaId, found, clock.now())
      await outbox.append(
        tickets.map((id) => ({
          type: 'ticket.updated',
          actor: { type: 'SYSTEM', id: null },
          resource: { type: 'ticket', id },
          ticketId: id,
          ...(found && { data: { permalink: found.permalink } }),
          requestId: null,
        })),
      )
    })
    wakeups.wake('events-written')
    return { status: 'done' }
  }
