import { asShape, type Shape } from '../channel-kit/fields.ts'
import type { GraphAnswer } from './graph-client.ts'
import { platformCodeOf, readGraphError } from './graph-error.ts'
import { verdictOf } from './graph-errors.ts'
import { askedPauseMs } from './graph-pause.ts'

export type ReadOutcome =
  | Readonly<{ status: 'found'; body: object }>
  /** The platform will not tell, now or ever. */
  | Readonly<{ status: 'withheld'; detail: string }>
  | Readonly<{ status: 'retry'; afterMs: number | null; detail: string }>

/** Unlike a send, a read can be asked again after any fault; a refusal is the end of it (no consent, no such thing). */
export function readOutcome(answer: GraphAnswer): ReadOutcome {
  if (answer.kind !== 'answered') return { status: 'retry', afterMs: null, detail: answer.detail }
  const { status, headers, body } = answer
  const error = readGraphError(body)
  const found = asShape<Shape<string>>(body)
  if (status >= 200 && status < 300 && error === null && found !== null) return { status: 'found', body: found }
  const detail = `status ${status}, code ${(error && platformCodeOf(error)) ?? 'none'}`
  const afterMs = askedPauseMs(headers, Date.now())
  if (status === 429 || status >= 500 || error === null) return { status: 'retry', afterMs, detail }
  const verdict = verdictOf(error)
  if (verdict.verdict === 'retry') return { status: 'retry', afterMs: afterMs ?? verdict.afterMs, detail }
  const isAnsweredLater = verdict.verdict === 'unknown' || verdict.code === 'credentials-rejected'
  return isAnsweredLater ? { status: 'retry', afterMs, detail } : { status: 'withheld', detail }
}
