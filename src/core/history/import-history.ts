import type { ChannelAdapter, HistoryAnswer } from '../../ports/channel-adapter.ts'
import type { CorePorts } from '../../ports/core-ports.ts'
import type { ImportFailure, ImportRecord } from '../../ports/history-store.ts'
import type { JobOutcome } from '../../ports/job-queue.ts'
import type { Stores } from '../../ports/unit-of-work.ts'
import type { ImportView } from '../../ports/views.ts'
import { type Actor, by } from '../actor.ts'
import { waitOf } from '../channel/retry-look-up.ts'
import { DomainError, NotFound } from '../errors.ts'
import type { ChannelId, ImportId, OrgId } from '../ids.ts'
import { type Reading, readPage } from './read-page.ts'

const DAY_MS = 24 * 3_600_000
/** One that has not moved for so long will not: its job is dead. */
const STALLED_MS = 3_600_000

/** Reads the channel's past. While one import runs, asking for another answers that one. */
export const startImport =
  (ports: CorePorts) =>
  async (actor: Actor, channelId: ChannelId): Promise<ImportView> => {
    const id = await ports.unitOfWork.run(actor.orgId, async (stores) => {
      const channel = await stores.channels.get(channelId)
      if (!ports.channelRegistry.get(channel.type)?.history)
        throw new DomainError('history-not-offered', 'This kind of channel tells nothing of what was written before.')
      await stores.audit.record({
        ...by(actor),
        action: 'channel.import-started',
        resourceType: 'channel',
        resourceId: channelId,
      })
      return planImport(ports, stores, channelId)
    })
    ports.wakeups.wake('jobs')
    const view = await ports.queries.historyImport(actor.orgId, channelId, id)
    if (view === null) throw new NotFound('import')
    return view
  }

/** Within the limits of the installation; for whoever has just connected an account, in the same transaction. */
export async function planImport(
  { clock, ids, settings }: Pick<CorePorts, 'clock' | 'ids' | 'settings'>,
  { history }: Pick<Stores, 'history'>,
  channelId: ChannelId,
): Promise<ImportId> {
  const now = clock.now()
  const running = await history.running(channelId)
  if (running && now.getTime() - running.updatedAt.getTime() < STALLED_MS) return running.id
  if (running) await history.end(running.id, FAILURES.stalled, now)
  const id = ids.next() as ImportId
  const { importDays, importConversations } = settings.history
  // Asked for by somebody where nothing is imported by itself: as much as by default.
  const since = new Date(now.getTime() - (importDays || DEFAULT_DAYS) * DAY_MS)
  await history.start(id, channelId, { since, maxConversations: importConversations }, now)
  await history.plan('history-import', { channelId, importId: id })
  return id
}

const DEFAULT_DAYS = 30

/** With new credentials the past is read by itself, also what was missed while the old ones were dead. */
export async function importOnConnect(
  ports: CorePorts,
  stores: Pick<Stores, 'history'>,
  adapter: ChannelAdapter,
  channelId: ChannelId,
): Promise<void> {
  if (adapter.history && ports.settings.history.importDays > 0) await planImport(ports, stores, channelId)
}

export type ImportJob = Readonly<{ orgId: OrgId; channelId: ChannelId; importId: ImportId }>

/** One page, and the plan for the rest. Killed in between, the page comes again, which doubles nothing. */
export const continueImport =
  (ports: CorePorts) =>
  async ({ orgId, channelId, importId }: ImportJob, attempt: number, signal: AbortSignal): Promise<JobOutcome> => {
    const { unitOfWork, clock } = ports
    const record = await unitOfWork.run(orgId, ({ history }) => history.find(importId))
    if (record?.state !== 'RUNNING') return { status: 'done' }
    const end = async (failure: ImportFailure | null): Promise<JobOutcome> => {
      await unitOfWork.run(orgId, ({ history }) => history.end(importId, failure, clock.now()))
      ports.log.info({ orgId, channelId, importId, failure: failure?.code ?? null }, 'an import has ended')
      return { status: 'done' }
    }
    const reading = await openReading(ports, { orgId, channelId }, `import-${importId}`, ({ history }, messages) =>
      history.imported(importId, messages, clock.now()),
    )
    if (reading === null) return end(FAILURES.disconnected)
    if (reading.account.status === 'NEEDS_REAUTH') return end(FAILURES.rejected)
    const wait = waitOf(reading.account, clock.now())
    if (wait) return wait
    const page = await readPage(reading, fromOf(record), signal)
    if (page.status === 'retry' && signal.aborted) return { status: 'retry', afterMs: 0, reason: page.detail }
    if (page.status === 'retry') {
      if (attempt >= MAX_ATTEMPTS) return end(FAILURES.unavailable)
      return { status: 'retry', afterMs: page.afterMs ?? 2_000 * 2 ** attempt, reason: page.detail }
    }
    if (page.status === 'withheld') return end(failureOf(page))
    const isOver = page.nextCursor === null || record.conversations + page.conversations >= record.maxConversations
    await unitOfWork.run(orgId, async ({ history }) => {
      const step = { cursor: page.nextCursor, conversations: page.conversations, checked: page.checked }
      if (!(await history.advance(importId, record.cursor, step, clock.now()))) return
      if (!isOver) await history.plan('history-import', { channelId, importId })
    })
    if (isOver) return end(null)
    ports.wakeups.wake('jobs')
    return { status: 'done' }
  }

/** Fewer than a job may have: the import has to say that it failed. */
const MAX_ATTEMPTS = 8

const fromOf = ({ cursor, since, maxConversations, conversations }: ImportRecord) => ({
  cursor,
  since,
  messagesSince: null,
  limit: maxConversations - conversations,
})

/** The platform's times are whole seconds of its own clock: what was written right after the connection may seem older. */
const CLOCK_SKEW_MS = 10_000

/** Null once the channel is disconnected, or where its network has no past. */
export async function openReading(
  ports: CorePorts,
  { orgId, channelId }: Readonly<{ orgId: OrgId; channelId: ChannelId }>,
  requestId: string,
  count: Reading['count'],
): Promise<(Reading & { lastSweepAt: Date | null }) | null> {
  const account = await ports.channelAccounts.load(orgId, channelId)
  const adapter = account && ports.channelRegistry.get(account.type)
  const history = adapter?.history
  if (!account || !adapter || !history) return null
  const about = await ports.unitOfWork.run(orgId, (stores) => stores.history.about(channelId))
  const connectedAt = new Date(about.connectedAt.getTime() - CLOCK_SKEW_MS)
  const channel = { id: channelId, orgId }
  return { ports, channel, adapter, history, account, connectedAt, lastSweepAt: about.lastSweepAt, requestId, count }
}

const WITHHELD_REJECTED =
  'The platform no longer accepts the access token. Connect the account again: the import then begins by itself.'

const FAILURES = {
  stalled: { code: 'import-stalled', detail: 'It did not move for an hour. Import again.' },
  rejected: { code: 'credentials-rejected', detail: WITHHELD_REJECTED },
  disconnected: { code: 'channel-disconnected', detail: 'The channel was disconnected.' },
  unavailable: {
    code: 'platform-unavailable',
    detail:
      'The platform did not answer for several minutes, or asked to wait. Import again later: what is there already is skipped.',
  },
} as const satisfies Record<string, ImportFailure>

const WITHHELD = {
  gone: 'The platform says that the account’s conversations do not exist. Check the account’s id.',
  'credentials-rejected': WITHHELD_REJECTED,
  'permission-missing':
    'The app or the account lacks the permission to read conversations: its owner has to allow access to messages, and the app needs the permission to manage them.',
  refused: 'The platform refuses to tell the account’s conversations.',
} as const

type Withheld = Extract<HistoryAnswer<unknown>, { status: 'withheld' }>

const failureOf = ({ reason, detail }: Withheld): ImportFailure => ({
  code: reason === 'gone' || reason === 'refused' ? 'history-refused' : reason,
  detail: `${WITHHELD[reason]} (${detail})`,
})
