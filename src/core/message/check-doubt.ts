import type { ChannelAdapter, HistoryAnswer, HistoryMessage } from '../../ports/channel-adapter.ts'
import type { LoadedAccount } from '../../ports/channel-directory.ts'
import type { CorePorts } from '../../ports/core-ports.ts'
import type { Doubt } from '../../ports/doubt-store.ts'
import type { InFlight } from '../../ports/intake-store.ts'
import type { JobOutcome } from '../../ports/job-queue.ts'
import { conversationsEveryMs } from '../channel/pacing.ts'
import { meetDemands } from '../channel/pauses.ts'
import { putOff, waitOf } from '../channel/retry-look-up.ts'
import type { DomainEvent } from '../event/domain-event.ts'
import type { ChannelId, OrgId, PartId } from '../ids.ts'
import { partOfEcho } from './echo-match.ts'
import { HOLD_MS } from './send-outcome.ts'

export type DoubtJob = Readonly<{ orgId: OrgId; channelId: ChannelId; partId: PartId }>

/** After the doubt began: an echo comes within seconds, a message that is listed only now has been slow. */
const LAST_LOOK_MS = HOLD_MS + 1_000
const LOOK_AT_MS = [15_000, 75_000, LAST_LOOK_MS]
export const FIRST_LOOK_MS = LOOK_AT_MS[0] as number

type Listed = Pick<HistoryMessage, 'externalId' | 'at' | 'text' | 'attachments'>

/** Asks the network what became of a reply in doubt, a few times. That people are told in time does not wait for this. */
export const checkDoubt =
  (ports: CorePorts) =>
  async (job: DoubtJob, attempt: number, signal: AbortSignal): Promise<JobOutcome> => {
    const doubt = await ports.unitOfWork.run(job.orgId, ({ doubts }) => doubts.part(job.partId))
    if (doubt === null) return { status: 'done' }
    const outcome = await readAbout(ports, job.orgId, doubt, attempt, signal)
    const elapsedMs = ports.clock.now().getTime() - doubt.since.getTime()
    if (outcome !== null) return elapsedMs >= HOLD_MS ? outcome : byTheEnd(outcome, LAST_LOOK_MS - elapsedMs)
    const nextMs = LOOK_AT_MS.find((ms) => ms > elapsedMs)
    return nextMs === undefined
      ? { status: 'done' }
      : { status: 'wait', afterMs: nextMs - elapsedMs, reason: 'the platform does not list it yet' }
  }

/** What waits behind it goes on then: one more look, also where the platform could not be asked before, or not often enough. */
function byTheEnd(outcome: JobOutcome, leftMs: number): JobOutcome {
  if (outcome.status === 'done') return outcome
  if (outcome.status === 'dead') return { status: 'wait', afterMs: leftMs, reason: outcome.reason }
  return { ...outcome, afterMs: Math.min(outcome.afterMs, leftMs) }
}

/**
 * One look at the newest messages with the person, which may prove more than this one. Null once it was made, or where the
 * network has nothing to be asked; else what the job comes to.
 */
export async function readAbout(
  ports: CorePorts,
  orgId: OrgId,
  doubt: Doubt,
  attempt: number,
  signal: AbortSignal,
): Promise<JobOutcome | null> {
  const account = await ports.channelAccounts.load(orgId, doubt.channelId)
  const adapter = account && ports.channelRegistry.get(account.type)
  if (!account || !adapter) return null
  if (doubt.audience === 'PUBLIC') return readUnderComment(ports, orgId, doubt, account, adapter, attempt, signal)
  if (!adapter.history) return null
  const wait = waitOf(account, ports.clock.now())
  if (wait) return wait
  const everyMs = conversationsEveryMs(adapter.pacing, adapter.history, account.settings)
  await ports.accountPace.turn({ platform: adapter.platform, account: account.account }, everyMs, signal)
  if (signal.aborted) return { status: 'wait', afterMs: 0, reason: 'the process stops' }
  const answer = await adapter.history.withPerson(doubt.person, account, signal)
  if (answer.status !== 'found') return unanswered(ports, account, answer, attempt)
  await meetDemands(ports, account, answer.demands)
  const ours = answer.messages.filter(({ author }) => author === 'ACCOUNT')
  await proveWith(ports, orgId, doubt, ours)
  return null
}

/** What the account wrote under the comment; the same words may have been written under it before, under ids known here. */
async function readUnderComment(
  ports: CorePorts,
  orgId: OrgId,
  doubt: Doubt,
  account: LoadedAccount,
  { comments }: ChannelAdapter,
  attempt: number,
  signal: AbortSignal,
): Promise<JobOutcome | null> {
  if (!comments || doubt.topLevelId === null) return null
  const wait = waitOf(account, ports.clock.now())
  if (wait) return wait
  const answer = await comments.own(doubt.topLevelId, account, signal)
  if (answer.status !== 'found') return unanswered(ports, account, answer, attempt)
  await meetDemands(ports, account, answer.demands)
  const replies = answer.replies.map((one) => ({ ...one, attachments: [] }))
  await proveWith(ports, orgId, doubt, replies, ({ partId }) => partId === doubt.partId)
  return null
}

async function unanswered(
  ports: CorePorts,
  account: LoadedAccount,
  answer: Exclude<HistoryAnswer<unknown>, { status: 'found' }>,
  attempt: number,
): Promise<JobOutcome | null> {
  if (answer.status === 'withheld' && answer.reason === 'credentials-rejected')
    return putOff(
      ports,
      account,
      { ...answer, status: 'reauthorize', alert: answer.alert === true, detail: answer.detail },
      attempt,
    )
  return putOff(ports, account, answer, attempt)
}

/**
 * What we said and the network lists, and what no message here is known to be, is what is in doubt, by the rule for echoes: each
 * platform id proves at most one part, and each part takes at most one.
 */
async function proveWith(
  { clock, unitOfWork, wakeups }: CorePorts,
  orgId: OrgId,
  doubt: Doubt,
  messages: readonly Listed[],
  isAskedFor: (part: InFlight) => boolean = () => true,
): Promise<void> {
  const ours = [...messages].sort((a, b) => a.at.getTime() - b.at.getTime() || (a.externalId < b.externalId ? -1 : 1))
  if (ours.length === 0) return
  const isProven = await unitOfWork.run(orgId, async ({ doubts, outbox }) => {
    const { inFlight, free } = await doubts.open(
      doubt,
      ours.map(({ externalId }) => externalId),
    )
    let open = inFlight.filter(isAskedFor)
    const events: DomainEvent[] = []
    for (const message of ours.filter(({ externalId }) => free.has(externalId))) {
      const part = partOfEcho(open, message)
      // One that is being sent now has an answer of its own to come.
      if (part?.status !== 'UNKNOWN') continue
      open = open.filter(({ partId }) => partId !== part.partId)
      const { conversationId } = doubt
      const proof = { inFlight: part, conversationId, externalId: message.externalId }
      const { to, parts } = await doubts.prove(doubt.channelId, proof, clock.now())
      const ofPart = parts > 1 ? { partId: part.partId, partStatus: 'SENT' } : {}
      events.push({
        type: 'message.status_changed',
        actor: { type: 'SYSTEM', id: null },
        resource: { type: 'message', id: part.messageId },
        ticketId: part.ticketId,
        data: { from: 'UNKNOWN', to, ...ofPart },
        requestId: null,
      })
    }
    await outbox.append(events)
    return events.length > 0
  })
  if (!isProven) return
  wakeups.wake('sends')
  wakeups.wake('events-written')
}
