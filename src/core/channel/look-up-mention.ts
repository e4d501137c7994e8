import type { CorePorts } from '../../ports/core-ports.ts'
import type { JobOutcome } from '../../ports/job-queue.ts'
import type { ChannelId, ExternalMessageId, OrgId } from '../ids.ts'
import { putOff, waitOf } from './retry-look-up.ts'

export type MentionJob = Readonly<{
  orgId: OrgId
  channelId: ChannelId
  externalId: ExternalMessageId
  mediaId: string
}>

/** Asks the platform what was written where the account was named. Until then, and without an answer, the place is all there is. */
export const lookUpMention =
  (ports: CorePorts) =>
  async (job: MentionJob, attempt: number, signal: AbortSignal): Promise<JobOutcome> => {
    const { channelAccounts, channelRegistry, clock, log, unitOfWork, wakeups } = ports
    const account = await channelAccounts.load(job.orgId, job.channelId)
    const facet = account && channelRegistry.get(account.type)?.media
    if (!account || !facet) return { status: 'done' }
    const wait = waitOf(account, clock.now())
    if (wait) return wait
    const answer = await facet.mention(job, account, signal)
    const later = await putOff(ports, account, answer, attempt)
    if (later) return later
    if (answer.status === 'gone') {
      log.debug({ channelId: job.channelId, detail: answer.detail }, 'the platform does not tell what a mention says')
      return { status: 'done' }
    }
    if (answer.status !== 'found') return { status: 'done' }
    await unitOfWork.run(job.orgId, async ({ media, outbox }) => {
      const found = await media.saveMention(job.channelId, job.externalId, answer.mention, clock.now())
      if (found === null) return
      const { messageId, ticketId, customerId } = found
      const told = { actor: { type: 'SYSTEM', id: null }, requestId: null } as const
      await outbox.append([
        { ...told, type: 'message.edited', resource: { type: 'message', id: messageId }, ticketId },
        { ...told, type: 'customer.updated', resource: { type: 'customer', id: customerId }, ticketId: null },
      ])
    })
    wakeups.wake('events-written')
    return { status: 'done' }
  }
