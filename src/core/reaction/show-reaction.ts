import type { ChannelAdapter, SignalAnswer } from '../../ports/channel-adapter.ts'
import type { LoadedAccount } from '../../ports/channel-directory.ts'
import type { CorePorts } from '../../ports/core-ports.ts'
import type { JobOutcome } from '../../ports/job-queue.ts'
import type { ReactionOutcome, WantedReaction } from '../../ports/own-reaction-store.ts'
import { meetDemands } from '../channel/pauses.ts'
import { putOff, waitOf } from '../channel/retry-look-up.ts'
import type { ChannelId, MessageId, OrgId } from '../ids.ts'
import { failureOf } from '../message/send-outcome.ts'
import { isOpen } from '../ticket/check-open.ts'

export type ReactionJob = Readonly<{ orgId: OrgId; channelId: ChannelId; messageId: MessageId }>

/** How soon it is seen that a member let a paused channel go on. */
const WAIT_MS = 5_000

/**
 * Tells the platform what the account's reaction is to be. Whoever settles an older wish than the present one tells it again, so
 * that the last call is for the last wish, in whichever order the calls of several jobs end.
 */
export const showReaction =
  (ports: CorePorts) =>
  async (job: ReactionJob, attempt: number, signal: AbortSignal): Promise<JobOutcome> => {
    const { channelAccounts, channelRegistry, clock, unitOfWork } = ports
    for (;;) {
      const wanted = await unitOfWork.run(job.orgId, ({ ownReactions }) => ownReactions.pending(job.messageId))
      if (wanted === null) return { status: 'done' }
      const account = await channelAccounts.load(job.orgId, job.channelId)
      const adapter = account && channelRegistry.get(account.type)
      if (!account || !adapter?.signals) {
        await settle(ports, job, wanted, { status: 'FAILED', failure: failureOf('channel-disconnected') })
        return { status: 'done' }
      }
      const wait = await waitFor(ports, account, adapter)
      if (wait) return wait
      if (!isOpen({ ...wanted, settings: account.settings }, adapter.capabilities, clock.now())) {
        await settle(ports, job, wanted, { status: 'FAILED', failure: failureOf('messaging-window-closed') })
        continue
      }
      const { externalId: to, emoji, person, requestId } = wanted
      const answer = await adapter.signals.send({ type: 'REACTION', to, emoji }, person, account, signal, requestId)
      const outcome = outcomeOf(answer)
      if (outcome === null) {
        const later = await unanswered(ports, account, answer, attempt)
        if (later.status !== 'dead') return later
        await settle(ports, job, wanted, { status: 'FAILED', failure: failureOf('gave-up') })
        return { status: 'done' }
      }
      await meetDemands(ports, account, answer.demands)
      await settle(ports, job, wanted, outcome)
    }
  }

/** Nothing is called for a channel that is paused, whoever paused it, nor faster than the account may. */
async function waitFor(
  { clock, unitOfWork }: CorePorts,
  account: LoadedAccount,
  { pacing }: ChannelAdapter,
): Promise<JobOutcome | null> {
  if (account.status === 'PAUSED') return { status: 'wait', afterMs: WAIT_MS, reason: 'the channel is paused' }
  const wait = waitOf(account, clock.now())
  if (wait) return wait
  const rate = pacing?.('text', account.settings) ?? null
  if (rate === null) return null
  const afterMs = await unitOfWork.run(account.orgId, ({ pace }) =>
    pace.take(account.channelId, 'text', rate, { reserve: false }),
  )
  return afterMs > 0 ? { status: 'wait', afterMs, reason: 'the account has its own pace' } : null
}

function outcomeOf(answer: SignalAnswer): ReactionOutcome | null {
  if (answer.status === 'done') return { status: 'SENT' }
  if (answer.status !== 'refused') return null
  return { status: 'FAILED', failure: failureOf(answer.code, answer.platformCode) }
}

async function unanswered(
  ports: CorePorts,
  account: LoadedAccount,
  answer: SignalAnswer,
  attempt: number,
): Promise<JobOutcome> {
  if (answer.status !== 'retry' && answer.status !== 'reauthorize') throw new Error('it was answered')
  return (await putOff(ports, account, answer, attempt)) ?? { status: 'done' }
}

async function settle(
  { clock, log, unitOfWork, wakeups }: CorePorts,
  { orgId }: ReactionJob,
  wanted: WantedReaction,
  outcome: ReactionOutcome,
): Promise<void> {
  const { messageId, ticketId, emoji, requestId } = wanted
  const isSettled = await unitOfWork.run(orgId, async ({ ownReactions, outbox }) => {
    if (!(await ownReactions.settle(wanted, outcome, clock.now()))) return false
    await outbox.append([
      {
        type: 'message.reaction_status_changed',
        actor: { type: 'SYSTEM', id: null },
        resource: { type: 'message', id: messageId },
        ticketId,
        data: { emoji, from: 'PENDING', to: outcome.status },
        requestId,
      },
    ])
    return true
  })
  if (!isSettled) return
  wakeups.wake('events-written')
  if (outcome.status === 'FAILED')
    log.warn({ orgId, messageId, requestId, code: outcome.failure.code }, 'a reaction was refused')
}
