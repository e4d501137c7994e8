import type { CorePorts } from '../../ports/core-ports.ts'
import type { JobOutcome } from '../../ports/job-queue.ts'
import { waitOf } from '../channel/retry-look-up.ts'
import type { ChannelId, ExternalMessageId, OrgId } from '../ids.ts'
import { historyItems } from './history-items.ts'
import { openReading } from './import-history.ts'
import { inTurn, take } from './read-page.ts'

export type MessageJob = Readonly<{
  orgId: OrgId
  channelId: ChannelId
  externalId: ExternalMessageId
  /** The webhook that announced it. */
  requestId: string | null
}>

const MAX_ATTEMPTS = 5
/** The call after it would be made in the next hour's sweep as well. */
const RETRY_MS = 5_000

/** Asks for a message that was announced and has not come. Taken in as if its webhook had brought it: agents are told. */
export const lookUpMessage =
  (ports: CorePorts) =>
  async (job: MessageJob, attempt: number, signal: AbortSignal): Promise<JobOutcome> => {
    const { orgId, channelId, externalId } = job
    const { unitOfWork, clock, log } = ports
    const missing = new Set(await unitOfWork.run(orgId, ({ history }) => history.unknown(channelId, [externalId])))
    if (missing.size === 0) return { status: 'done' }
    const requestId = job.requestId ?? `announced-${ports.ids.next()}`
    const reading = await openReading(ports, { orgId, channelId }, requestId, async () => {})
    if (reading === null) return { status: 'done' }
    const wait = waitOf(reading.account, clock.now())
    if (wait) return wait
    const answer = await inTurn(reading, signal, () => reading.history.message(externalId, reading.account, signal))
    if (answer.status === 'retry') {
      const reason = answer.detail
      if (attempt >= MAX_ATTEMPTS) return { status: 'dead', reason }
      return { status: 'retry', afterMs: answer.afterMs ?? RETRY_MS * 2 ** attempt, reason }
    }
    if (answer.status === 'withheld') {
      log.debug(
        { orgId, channelId, requestId, detail: answer.detail },
        'the platform does not give an announced message',
      )
      return { status: 'done' }
    }
    const { replyWindow } = reading.adapter.capabilities
    const { account, connectedAt } = reading
    const about = { connectedAt, now: clock.now(), requestId, replyWindow, settings: account.settings }
    const { past, news } = historyItems([answer.message], about)
    await take(reading, past, missing, true)
    await take(reading, news, missing, false)
    log.info({ orgId, channelId, requestId }, 'a message that was only announced has been asked for')
    return { status: 'done' }
  }
