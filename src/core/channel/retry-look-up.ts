import type { Demanding, PutOff, Reauthorize } from '../../ports/channel-adapter.ts'
import type { LoadedAccount } from '../../ports/channel-directory.ts'
import type { CorePorts } from '../../ports/core-ports.ts'
import type { JobOutcome } from '../../ports/job-queue.ts'
import { loseAuthorization } from './authorization.ts'
import { meetDemands } from './pauses.ts'

const MAX_ATTEMPTS = 8
const FIRST_RETRY_MS = 2_000
/** How soon a look-up sees that its channel has a new token. */
const WAIT_MS = 60_000

type Answer = Demanding &
  (PutOff | Reauthorize | Readonly<{ status: 'found' | 'withheld' | 'gone' | 'done' | 'refused' }>)

/** Whether a look-up has to wait before it asks: for a new token, or since the network wants no calls for the account now. */
export function waitOf({ status, pause }: LoadedAccount, now: Date): JobOutcome | null {
  if (status === 'NEEDS_REAUTH')
    return { status: 'wait', afterMs: WAIT_MS, reason: 'the channel has to be connected again' }
  if (pause === null || pause.reason === 'paused' || pause.until === null) return null
  const afterMs = Math.min(pause.until.getTime() - now.getTime(), WAIT_MS)
  return afterMs > 0 ? { status: 'wait', afterMs, reason: `calls for the account wait: ${pause.reason}` } : null
}

/** What becomes of a look-up that was not answered; null for one that was. Whatever it was answered, what the network demands is met. */
export async function putOff(
  ports: Pick<CorePorts, 'clock' | 'sendLanes' | 'unitOfWork' | 'wakeups'>,
  account: LoadedAccount,
  answer: Answer,
  attempt: number,
): Promise<JobOutcome | null> {
  await meetDemands(ports, account, answer.demands)
  if (answer.status === 'retry') return retryLookUp(answer, attempt)
  if (answer.status !== 'reauthorize') return null
  const isNew = await ports.unitOfWork.run(account.orgId, (stores) =>
    loseAuthorization(stores, account, { alert: answer.alert, requestId: null, now: ports.clock.now() }),
  )
  if (isNew) ports.wakeups.wake('events-written')
  return { status: 'wait', afterMs: WAIT_MS, reason: answer.detail }
}

/** A look-up that the platform put off: as late as it asked, else later each time, and no more after about ten minutes. */
const retryLookUp = (
  { afterMs, detail }: Readonly<{ afterMs: number | null; detail: string }>,
  attempt: number,
): JobOutcome =>
  attempt >= MAX_ATTEMPTS
    ? { status: 'dead', reason: detail }
    : { status: 'retry', afterMs: afterMs ?? FIRST_RETRY_MS * 2 ** attempt, reason: detail }
