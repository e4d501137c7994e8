import type { MediaJob } from '../core/channel/look-up-media.ts'
import type { MentionJob } from '../core/channel/look-up-mention.ts'
import type { TokenJob } from '../core/channel/refresh-token.ts'
import type { SubscribeJob } from '../core/channel/subscribe.ts'
import type { UnsubscribeJob } from '../core/channel/unsubscribe.ts'
import type { ErasureJob } from '../core/customer/erase-customer.ts'
import type { ExportJob } from '../core/customer/export-customer.ts'
import type { ProfileJob } from '../core/customer/look-up-profile.ts'
import type { ImportJob } from '../core/history/import-history.ts'
import type { MessageJob } from '../core/history/look-up-message.ts'
import type { SweepJob } from '../core/history/sweep-channel.ts'
import type { Core } from '../core/index.ts'
import type { ClaimJob } from '../core/message/claim-entries.ts'
import type { Job, JobQueue } from '../ports/job-queue.ts'
import type { WebhookSource } from '../ports/webhook-intake.ts'
import type { RunningRole } from './role.ts'

const BATCHES_AT_ONCE = 4
const LOOK_UPS_AT_ONCE = 4
/** They mostly wait for their account's turn. */
const ACCOUNTS_AT_ONCE = 8

/** Turns webhook bodies into tickets, and looks up who the new customers are and what they speak of. */
export async function startInbound({
  core,
  source,
  jobs,
}: {
  core: Core
  source: WebhookSource
  jobs: JobQueue
}): Promise<RunningRole> {
  const stopping = new AbortController()
  await source.start(core.receiveWebhooks, {
    concurrency: BATCHES_AT_ONCE,
    handleForApp: core.routeAppDeliveries,
    handleGivenUp: core.putAsideGivenUp,
  })
  const lookUps = {
    'profile-lookup': (job: Job) => core.lookUpProfile(job.payload as ProfileJob, job.attempt, stopping.signal),
    'media-lookup': (job: Job) => core.lookUpMedia(job.payload as MediaJob, job.attempt, stopping.signal),
    'mention-lookup': (job: Job) => core.lookUpMention(job.payload as MentionJob, job.attempt, stopping.signal),
    'message-lookup': (job: Job) => core.lookUpMessage(job.payload as MessageJob, job.attempt, stopping.signal),
  }
  for (const [queue, handle] of Object.entries(lookUps)) {
    await jobs.start(queue as keyof typeof lookUps, handle, { concurrency: LOOK_UPS_AT_ONCE })
  }
  // One at a time: live traffic goes first.
  await jobs.start('raw-event-replay', (job) => core.continueReplay(job.payload), { concurrency: 1 })
  await jobs.start(
    'history-import',
    (job) => core.continueImport(job.payload as ImportJob, job.attempt, stopping.signal),
    { concurrency: ACCOUNTS_AT_ONCE },
  )
  await jobs.start('history-sweep', (job) => core.sweepChannel(job.payload as SweepJob, job.attempt, stopping.signal), {
    concurrency: ACCOUNTS_AT_ONCE,
  })
  await jobs.start('token-refresh', (job) => core.refreshToken(job.payload as TokenJob, stopping.signal), {
    concurrency: ACCOUNTS_AT_ONCE,
  })
  await jobs.start('subscribe', (job) => core.subscribe(job.payload as SubscribeJob, stopping.signal), {
    concurrency: ACCOUNTS_AT_ONCE,
  })
  await jobs.start('unsubscribe', (job) => core.unsubscribe(job.payload as UnsubscribeJob, stopping.signal), {
    concurrency: ACCOUNTS_AT_ONCE,
  })
  await jobs.start('erasure', (job) => core.continueErasure(job.payload as ErasureJob), { concurrency: 1 })
  await jobs.start('export', (job) => core.continueExport(job.payload as ExportJob, job.attempt), { concurrency: 1 })
  await jobs.start('entry-claim', (job) => core.claimEntries(job.payload as unknown as ClaimJob), { concurrency: 1 })
  return {
    async stop() {
      stopping.abort()
      await Promise.all([source.stop(), jobs.stop()])
    },
  }
}
