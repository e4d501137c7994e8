import type { Demand, RefusalCode } from '../../core/channel/delivery.ts'
import type { Demanding, PutOff, Reauthorize } from '../../ports/channel-adapter.ts'
import { asShape, type Shape } from '../channel-kit/fields.ts'
import type { GraphAnswer } from './graph-client.ts'
import { type GraphError, platformCodeOf, readGraphError } from './graph-error.ts'
import { isWrongAddress, verdictOf } from './graph-errors.ts'
import { askedPauseMs } from './graph-pause.ts'
import { usageDemands } from './graph-usage.ts'

type Outcome =
  | Readonly<{ status: 'found'; body: object }>
  /** The platform will not tell, now or ever. */
  | Readonly<{ status: 'withheld'; detail: string; code: RefusalCode; platformCode: string | null }>
  | PutOff
  | Reauthorize

export type ReadOutcome = Demanding & Outcome

/**
 * Unlike a send, a read can be asked again after any fault; a refusal is the end of it (no consent, no such thing). Of every answer
 * the usage headers count: reads and sends have one budget.
 */
export function readOutcome(answer: GraphAnswer): ReadOutcome {
  const outcome = outcomeOf(answer)
  const usage = answer.kind === 'answered' ? usageDemands(answer.headers) : []
  return usage.length === 0 ? outcome : { ...outcome, demands: [...(outcome.demands ?? []), ...usage] }
}

/** For an answer that says something else of the call, and the same of the calls to come. */
export const demandsIn = ({ demands }: Demanding): Demanding => (demands === undefined ? {} : { demands })

function outcomeOf(answer: GraphAnswer): ReadOutcome {
  if (answer.kind !== 'answered') return retry(null, answer.detail)
  const { status, headers, body } = answer
  const error = readGraphError(body)
  const found = asShape<Shape<string>>(body)
  if (status >= 200 && status < 300 && error === null && found !== null) return { status: 'found', body: found }
  const platformCode = error && platformCodeOf(error)
  const detail = `status ${status}, code ${platformCode ?? 'none'}`
  const afterMs = askedPauseMs(headers, Date.now())
  if (status === 429) return retry(afterMs, detail, demandOf(error, afterMs))
  if (error === null || (status >= 500 && !isWrongAddress(error))) return retry(afterMs, detail)
  const verdict = verdictOf(error)
  if (verdict.verdict === 'retry') return retry(afterMs ?? verdict.afterMs, detail, demandOf(error, afterMs))
  if (verdict.verdict === 'unknown') return retry(afterMs, detail)
  if (verdict.verdict === 'reauthorize') return { status: 'reauthorize', alert: verdict.alert, detail }
  return { status: 'withheld', detail, code: verdict.code, platformCode }
}

const retry = (afterMs: number | null, detail: string, demand: Demand | null = null): ReadOutcome => ({
  status: 'retry',
  afterMs,
  detail,
  ...(demand === null ? {} : { demands: [demand] }),
})

/** A throttle that wants a minute at least, where the platform does not say. */
const THROTTLE_MS = 60_000

/** A throttled read is a throttled account: its sends would only prolong it. */
function demandOf(error: GraphError | null, askedMs: number | null): Demand | null {
  const verdict = error === null ? null : verdictOf(error)
  if (verdict?.verdict !== 'retry') return { pauses: 'account', afterMs: askedMs ?? THROTTLE_MS, reason: 'throttled' }
  const { pauses, afterMs, reason = 'throttled' } = verdict
  return pauses === 'message' ? null : { pauses, afterMs: askedMs ?? afterMs ?? THROTTLE_MS, reason }
}
