import type { ChannelAdapter } from '../../ports/channel-adapter.ts'
import type { LoadedAccount } from '../../ports/channel-directory.ts'
import type { CorePorts } from '../../ports/core-ports.ts'
import type { Head, LaneClaim, MessageChange, Settlement } from '../../ports/send-store.ts'
import type { Stores } from '../../ports/unit-of-work.ts'
import type { MessageStatus } from '../../ports/views.ts'
import { loseAuthorization } from '../channel/authorization.ts'
import type { ChannelAccount, OutboundMessage } from '../channel/delivery.ts'
import { healthChanged } from '../channel/health-changed.ts'
import type { OutboundContent, PartContent } from '../channel/outbound-content.ts'
import { pauseApp, pauseChannel, pauseOf, tellRestricted } from '../channel/pauses.ts'
import { isTrial, noteAnswer } from '../channel/unanswered.ts'
import type { DomainEvent } from '../event/domain-event.ts'
import type { PartId, UploadId } from '../ids.ts'
import { allowsReply, needsHumanAgent, type WindowFacts, type WindowRules, windowOf } from '../ticket/window.ts'
import { FIRST_LOOK_MS } from './check-doubt.ts'
import { demandsOf, failureOf, HOLD_MS, settlementOf } from './send-outcome.ts'

/** Longer than twice the longest call, so that a lease cannot run out under a call that began in its first half. */
export const LEASE_MS = 30_000

const LINK_MS = 3_600_000

/**
 * Takes up to `limit` conversations that have something due, few of each channel, and begins to send, one part each. Resolves
 * with the deliveries under way, so that a slow account keeps only its own places busy; none means that nothing is due. A
 * delivery resolves with the milliseconds until its conversation's turn, where it came too early, else with null.
 */
export const deliverDue =
  (ports: CorePorts) =>
  async (limit: number, signal: AbortSignal): Promise<readonly Promise<number | null>[]> => {
    await expire(ports, limit)
    // Taken before the claim: a worker that was paused after it finds its lease half spent and does not send late.
    const pickedMs = ports.clock.monotonicMs()
    const claims = await ports.sendLanes.claim(limit, LEASE_MS)
    return claims.map(async (claim) => {
      const waitMs = await deliver(ports, claim, pickedMs, signal)
      if (waitMs === null) ports.wakeups.wake('events-written')
      return waitMs
    })
  }

/** A head whose content the network can be given. */
type Ready = Head & Readonly<{ content: OutboundContent; uploadId: UploadId | null }>

async function deliver(
  ports: CorePorts,
  claim: LaneClaim,
  pickedMs: number,
  signal: AbortSignal,
): Promise<number | null> {
  const log = ports.log.child({ orgId: claim.orgId, conversationId: claim.conversationId })
  const account = await ports.channelAccounts.load(claim.orgId, claim.channelId)
  const adapter = account && ports.channelRegistry.get(account.type)
  const begun = await ports.unitOfWork.run(claim.orgId, async (stores): Promise<Ready | number | null> => {
    const next = await stores.sends.head(claim)
    // The channel was stopped after the claim: the claim is given back, and no claim is made until it goes on.
    const isStopped = account?.status === 'PAUSED' || account?.status === 'NEEDS_REAUTH'
    if (next === null || (isStopped && !account.isWithdrawn)) {
      await stores.sends.release(claim)
      return null
    }
    const now = ports.clock.now()
    const failure = refusalOf(adapter, account, next, now)
    if (failure) {
      await settle(stores, claim, next, { status: 'FAILED', failure }, now)
      return null
    }
    const content = await linkUpload(ports, stores, claim, next.content, now)
    if (content === null) {
      await settle(stores, claim, next, { status: 'FAILED', failure: failureOf('media-gone') }, now)
      return null
    }
    // Last, since it locks what the account's other conversations want too.
    const waitMs = adapter && account ? await turnOf(stores, claim, next, adapter, account) : 0
    if (waitMs > 0) {
      await stores.sends.postpone(claim, waitMs)
      return waitMs
    }
    const change = await stores.sends.begin(claim, next, now)
    await stores.outbox.append(statusEvents(next, change, 'SENDING'))
    return { ...next, content, uploadId: 'uploadId' in next.content ? next.content.uploadId : null }
  })
  if (begun === null || typeof begun === 'number' || !account || !adapter) {
    if (account && isTrial(account)) await anotherTrial(ports, account)
    return begun as number | null
  }
  const head = begun

  const message: OutboundMessage = {
    recipient: recipientOf(head),
    content: head.content,
    replyTo: head.replyTo,
    asHumanAgent:
      head.audience === 'PRIVATE' &&
      needsHumanAgent(factsOf(head), rulesOf(adapter, account), ports.clock.now(), head.author),
    reference: head.partId,
    requestId: head.requestId,
  }
  const startedAt = ports.clock.now()
  const late = ports.clock.monotonicMs() - pickedMs > LEASE_MS / 2
  const delivery = late
    ? ({ status: 'retry', afterMs: 0, pauses: 'message', detail: 'the worker was paused; nothing was sent' } as const)
    : await adapter.sender.send(message, account, signal)

  const now = ports.clock.now()
  const settlement = settlementOf(
    delivery,
    now,
    { number: head.attempts + 1, firstAt: head.firstAttemptAt ?? startedAt, refusals: head.refusals },
    Math.random(),
  )
  const demands = demandsOf(delivery, settlement, now)
  const restricted = await pauseApp(ports, account, pauseOf(demands, 'app', now))
  await ports.unitOfWork.run(claim.orgId, async (stores) => {
    // First the channel: its row is locked before the conversation's everywhere.
    if (delivery.status === 'reauthorize')
      await loseAuthorization(stores, account, { alert: delivery.alert, requestId: head.requestId, now })
    await settle(stores, claim, head, settlement, now)
    // The platform has fetched it, or does so by the link that it was given.
    if (settlement.status === 'SENT' && head.uploadId !== null)
      await stores.uploads.release(head.uploadId, new Date(now.getTime() + LINK_MS))
    if (delivery.status === 'refused' && delivery.alert)
      await stores.outbox.append([healthChanged(account.channelId, { lastError: delivery.detail }, head.requestId)])
    if (restricted) await tellRestricted(stores, account.channelId, restricted, head.requestId)
    if (!late) await noteAnswer(stores, account, delivery, head.requestId, now)
    const pause = pauseOf(demands, 'account', now)
    if (pause) await pauseChannel(stores, account, pause, head.requestId)
    const { humanAgent = null } = adapter.capabilities.replyWindow ?? {}
    if (humanAgent && delivery.status === 'refused' && delivery.code === 'human-agent-not-approved')
      await switchOff(stores, account, humanAgent.setting, head.requestId, now)
  })
  if (late && isTrial(account)) await anotherTrial(ports, account)
  const { messageId, partId, requestId, ticketId } = head
  const fields = { ticketId, messageId, partId, requestId, outcome: settlement.status }
  if (settlement.status === 'SENT') log.info(fields, 'a reply was sent')
  else
    log.warn({ ...fields, detail: 'detail' in delivery ? delivery.detail : null }, 'a reply was not confirmed as sent')
  return null
}

/** The one call for an account that was left alone was not made: somebody else may make it. */
const anotherTrial = ({ unitOfWork }: CorePorts, { orgId, channelId }: ChannelAccount): Promise<void> =>
  unitOfWork.run(orgId, ({ channels }) => channels.leaveAlone(channelId, null))

/** Milliseconds until the account's rate has room for this part. */
async function turnOf(
  { pace, sends }: Stores,
  claim: LaneClaim,
  { audience, comment, content }: Head,
  { pacing }: ChannelAdapter,
  { settings }: ChannelAccount,
): Promise<number> {
  const kind =
    audience === 'PRIVATE' && comment !== null ? 'private-reply' : content.kind === 'ATTACHMENT' ? 'media' : 'text'
  const rate = pacing?.(kind, settings) ?? null
  if (rate === null || (await sends.isItsTurn(claim))) return 0
  return pace.take(claim.channelId, kind, rate, { reserve: true })
}

/** A file of ours under an address that lasts as long as a platform may take to fetch it; null where the file is gone. */
async function linkUpload(
  { mediaLinks }: CorePorts,
  { uploads }: Stores,
  { orgId }: LaneClaim,
  content: PartContent,
  now: Date,
): Promise<OutboundContent | null> {
  if (!('uploadId' in content)) return content
  const { kind, type, uploadId } = content
  const until = new Date(now.getTime() + LINK_MS)
  if (uploadId === null || !(await uploads.keep(uploadId, now, until))) return null
  return { kind, type, url: mediaLinks.linkTo({ orgId, uploadId }, until) }
}

function recipientOf({ audience, comment, person }: Head): OutboundMessage['recipient'] {
  if (comment === null) return { type: 'person', externalId: person }
  // What is written under a reply is shown under the comment that it answers.
  return audience === 'PUBLIC'
    ? { type: 'public', externalId: comment.topLevelId }
    : { type: 'comment', externalId: comment.externalId }
}

/** Why it is not sent at all; null: it may be. */
function refusalOf(
  adapter: ChannelAdapter | null | undefined,
  account: LoadedAccount | null,
  next: Head,
  now: Date,
): ReturnType<typeof failureOf> | null {
  if (!account || !adapter) return failureOf('channel-disconnected')
  if (account.isWithdrawn) return failureOf('channel-withdrawn')
  if (next.audience !== 'PRIVATE') return null
  if (!allowsReply(windowOf(factsOf(next), rulesOf(adapter, account), now), next.author))
    return failureOf('messaging-window-closed')
  const isSecondAnswer = adapter.capabilities.privateReplyToComment && next.comment?.answered
  return isSecondAnswer ? failureOf('comment-reply-used') : null
}

const factsOf = (head: Head): WindowFacts => ({ surface: head.surface, ...head.window })

const rulesOf = ({ capabilities }: ChannelAdapter, { settings }: ChannelAccount): WindowRules => ({
  replyWindow: capabilities.replyWindow,
  settings,
})

/** The platform says that the channel may not do this: agents are told so from now on, instead of one by one. */
async function switchOff(
  { channels, audit }: Stores,
  { channelId }: ChannelAccount,
  setting: string,
  requestId: string | null,
  now: Date,
): Promise<void> {
  const channel = await channels.get(channelId)
  await channels.save({ ...channel, settings: { ...channel.settings, [setting]: false } }, {}, now)
  await audit.record({
    actorType: 'SYSTEM',
    actorId: null,
    action: 'channel.setting_switched_off',
    resourceType: 'channel',
    resourceId: channelId,
    requestId,
  })
}

async function settle(
  { sends, doubts, outbox }: Stores,
  claim: LaneClaim,
  head: Head,
  settlement: Settlement,
  now: Date,
): Promise<void> {
  const settled = await sends.settle(claim, head, settlement, now)
  if (settled === null) return
  if (settled.part.to === 'UNKNOWN') await doubts.checkLater({ ...head, channelId: claim.channelId }, FIRST_LOOK_MS)
  const events: DomainEvent[] = [
    ...statusEvents(head, settled, settled.part.to),
    ...settled.others.flatMap((other) => statusEvents({ ...other, requestId: head.requestId }, other)),
  ]
  // An echo was taken for somebody else's message, or somebody else's for ours: what readers saw is put right.
  if (settled.replaced)
    events.push({ ...base(head), type: 'message.deleted', resource: { type: 'message', id: settled.replaced } })
  if (settled.split)
    events.push({ ...base(head), type: 'message.created', resource: { type: 'message', id: settled.split } })
  await outbox.append(events)
}

/** What a worker left behind: a claim is free again, a call that had begun is in doubt. */
async function expire(ports: CorePorts, limit: number): Promise<void> {
  for (const claim of await ports.sendLanes.expired(limit, LEASE_MS)) {
    await ports.unitOfWork.run(claim.orgId, async ({ sends, doubts, outbox }) => {
      const now = ports.clock.now()
      const doubtful = await sends.expire(claim, new Date(now.getTime() + HOLD_MS), now)
      if (doubtful === null) return
      await doubts.checkLater({ ...doubtful, channelId: claim.channelId }, FIRST_LOOK_MS)
      await outbox.append(statusEvents({ ...doubtful, requestId: null }, doubtful, 'UNKNOWN'))
    })
  }
}

type Subject = Pick<Head, 'messageId' | 'ticketId' | 'requestId'> & Readonly<{ partId?: PartId }>

const base = ({ ticketId, requestId }: Subject) => ({
  actor: { type: 'SYSTEM', id: null } as const,
  ticketId,
  requestId,
})

/** Tells also of a part whose message goes on being called the same: readers see how far it got. */
function statusEvents(
  head: Subject,
  { from, to, parts }: MessageChange,
  part: MessageStatus | null = null,
): DomainEvent[] {
  if (from === to && parts === 1) return []
  const ofPart = parts > 1 && head.partId !== undefined ? { partId: head.partId, partStatus: part } : {}
  return [
    {
      ...base(head),
      type: 'message.status_changed',
      resource: { type: 'message', id: head.messageId },
      data: { from, to, ...ofPart },
    },
  ]
}
