import type { HistoryAnswer, HistoryReader, ListedConversation } from '../../ports/channel-adapter.ts'
import type { LoadedAccount } from '../../ports/channel-directory.ts'
import type { Stores } from '../../ports/unit-of-work.ts'
import { loseAuthorization } from '../channel/authorization.ts'
import { conversationsEveryMs } from '../channel/pacing.ts'
import { meetDemands } from '../channel/pauses.ts'
import { waitOf } from '../channel/retry-look-up.ts'
import type { ExternalMessageId } from '../ids.ts'
import type { IngestItem } from '../message/ingest.ts'
import { type Into, storeEvents } from '../message/store-events.ts'
import { historyItems } from './history-items.ts'

export type Reading = Into &
  Readonly<{
    account: LoadedAccount
    history: HistoryReader
    connectedAt: Date
    requestId: string
    /** In the transaction that stores messages: how many those are. */
    count: (stores: Stores, messages: number) => Promise<void>
  }>

export type From = Readonly<{
  cursor: string | null
  /** Conversations without a newer message are left out. */
  since: Date
  /** Older messages are left out; null for none. */
  messagesSince: Date | null
  /** At most so many conversations. */
  limit: number
}>

export type PageRead = HistoryAnswer<
  Readonly<{
    conversations: number
    checked: number
    /** Null where nothing that is wanted is left. */
    nextCursor: string | null
  }>
>

/** As many as one job reads before it writes down where it is. */
const PAGE = 25
const MAX_POSTPONE_MS = 3_600_000
/** A webhook that has not come by then is one that the platform has to try again, or has given up. */
const GRACE_MS = 5 * 60_000

/**
 * One page of conversations: compares what the platform lists with what is stored, and takes in what is missing. Each call
 * waits for the account's turn. Killed in between, the page comes again; what was stored is known then and asks for nothing.
 */
export async function readPage(reading: Reading, from: From, signal: AbortSignal): Promise<PageRead> {
  const { ports, channel, history, account } = reading
  const limit = Math.min(PAGE, from.limit)
  const page = await inTurn(reading, signal, () =>
    history.conversations({ cursor: from.cursor, limit }, account, signal),
  )
  if (page.status !== 'found') return page
  const wanted = page.conversations.filter(({ updatedAt }) => updatedAt === null || updatedAt >= from.since)
  const isWanted = wantedOf(reading, from)
  const listed = wanted.flatMap(({ messages }) => messages.filter(isWanted))
  const missing = new Set(
    await ports.unitOfWork.run(channel.orgId, (stores) =>
      stores.history.unknown(
        channel.id,
        listed.map(({ externalId }) => externalId),
      ),
    ),
  )
  for (const conversation of wanted) {
    if (!conversation.messages.some(({ externalId }) => missing.has(externalId))) continue
    const failure = await readConversation(reading, conversation, missing, signal)
    if (failure) return failure
  }
  const isLast = wanted.length < page.conversations.length
  return {
    status: 'found',
    conversations: wanted.length,
    checked: listed.length,
    nextCursor: isLast ? null : page.nextCursor,
  }
}

/** What was written lately is left to its webhook, which tells more of it: the payload of a button, where the customer came from. */
function wantedOf({ connectedAt, ports }: Reading, { messagesSince }: From) {
  const now = ports.clock.now().getTime()
  return ({ at }: ListedConversation['messages'][number]): boolean =>
    at === null ||
    ((messagesSince === null || at >= messagesSince) && (at < connectedAt || at.getTime() <= now - GRACE_MS))
}

type Failure = Exclude<HistoryAnswer<unknown>, { status: 'found' }>

async function readConversation(
  reading: Reading,
  conversation: ListedConversation,
  missing: ReadonlySet<ExternalMessageId>,
  signal: AbortSignal,
): Promise<Failure | null> {
  const { history, account, adapter, connectedAt, requestId, ports } = reading
  const answer = await inTurn(reading, signal, () => history.conversation(conversation, account, signal))
  // It went between the two calls.
  if (answer.status === 'withheld' && answer.reason === 'gone') return null
  if (answer.status !== 'found') return answer
  const { replyWindow } = adapter.capabilities
  const about = { connectedAt, now: ports.clock.now(), requestId, replyWindow, settings: account.settings }
  const { past, news } = historyItems(answer.messages, about)
  await take(reading, past, missing, true)
  await take(reading, news, missing, false)
  return null
}

export async function take(
  reading: Pick<Reading, 'ports' | 'channel' | 'adapter' | 'count'>,
  items: readonly IngestItem[],
  missing: ReadonlySet<ExternalMessageId>,
  isHistorical: boolean,
): Promise<void> {
  const wanted = items.filter(({ event }) => 'externalId' in event && missing.has(event.externalId))
  if (wanted.length === 0) return
  await storeEvents(reading, wanted, { isHistorical, alongside: reading.count })
  reading.ports.wakeups.wake('events-written')
}

/** Waits within a job; what takes longer puts the job off. */
const MAX_WAIT_MS = 15_000

/** A call in the account's turn, with what the network demands met. Cancelled or stopped while it waits, it is not made. */
export async function inTurn<Found>(
  { ports, adapter, history, account }: Pick<Reading, 'ports' | 'adapter' | 'history' | 'account'>,
  signal: AbortSignal,
  call: () => Promise<HistoryAnswer<Found>>,
): Promise<HistoryAnswer<Found>> {
  const paced = { platform: adapter.platform, account: account.account }
  await ports.accountPace.turn(paced, conversationsEveryMs(adapter.pacing, history, account.settings), signal)
  if (signal.aborted) return { status: 'retry', afterMs: 0, detail: 'the process stops' }
  // An earlier call of the same page, or a send, may have been told to wait since the account was loaded.
  const now = await ports.channelAccounts.load(account.orgId, account.channelId)
  const wait = now && waitOf(now, ports.clock.now())
  if (wait?.status === 'wait' && wait.afterMs > MAX_WAIT_MS)
    return { status: 'retry', afterMs: wait.afterMs, detail: wait.reason }
  const answer = await call()
  await meetDemands(ports, account, answer.demands)
  const demandedMs = Math.max(0, ...(answer.demands ?? []).map(({ afterMs }) => afterMs))
  if (demandedMs > 0 && demandedMs <= MAX_WAIT_MS) await ports.accountPace.postpone(paced, demandedMs)
  if (answer.status === 'retry' && answer.afterMs !== null) {
    await ports.accountPace.postpone(paced, Math.min(answer.afterMs, MAX_POSTPONE_MS))
  }
  if (answer.status === 'withheld' && answer.reason === 'credentials-rejected') {
    const how = { alert: answer.alert ?? true, requestId: null, now: ports.clock.now() }
    const isNew = await ports.unitOfWork.run(account.orgId, (stores) => loseAuthorization(stores, account, how))
    if (isNew) ports.wakeups.wake('events-written')
  }
  return answer
}
