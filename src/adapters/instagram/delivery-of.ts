import type { Delivery, OutboundMessage } from '../../core/channel/delivery.ts'
import { asShape, type Shape } from '../channel-kit/fields.ts'
import type { GraphAnswer } from './graph-client.ts'
import { type GraphError, platformCodeOf, readGraphError } from './graph-error.ts'
import { isWrongAddress, verdictOf } from './graph-errors.ts'
import { askedPauseMs } from './graph-pause.ts'
import { usageDemands } from './graph-usage.ts'
import { readMessageId } from './ids.ts'

type Recipient = OutboundMessage['recipient']['type']

/** A send is accepted or refused only by an answer that says so plainly; everything between is doubt. */
export function deliveryOf(answer: GraphAnswer, recipient: Recipient, token: string): Delivery {
  const delivery = plainly(answer, recipient, token)
  const demands = answer.kind === 'answered' ? usageDemands(answer.headers) : []
  return demands.length === 0 ? delivery : { ...delivery, demands: [...(delivery.demands ?? []), ...demands] }
}

function plainly(answer: GraphAnswer, recipient: Recipient, token: string): Delivery {
  if (answer.kind !== 'answered') {
    const { detail, cancelled } = answer
    const unanswered = cancelled === undefined
    if (answer.kind === 'no-answer') return { status: 'unknown', detail, unanswered }
    return { status: 'retry', afterMs: null, pauses: 'message', detail, unanswered }
  }
  const { status, headers, body } = answer
  const externalId = readMessageId(asShape<Shape<'message_id'>>(body)?.message_id) ?? commentIdOf(recipient, body)
  const error = readGraphError(body)
  if (status >= 200 && status < 300) {
    if (externalId !== null && error === null) return { status: 'accepted', externalId }
    return { status: 'unknown', detail: `status ${status} without a plain answer` }
  }
  const isRefused = (status >= 400 && status < 500) || (error !== null && isWrongAddress(error))
  if (!isRefused || externalId !== null) return { status: 'unknown', detail: `status ${status}` }
  const afterMs = askedPauseMs(headers, Date.now())
  if (error === null) {
    return status === 429
      ? { status: 'retry', afterMs, pauses: 'account', detail: 'Instagram asks to slow down.' }
      : { status: 'unknown', detail: `status ${status} without a readable error` }
  }
  return deliveryOfError(error, { status, recipient, token, afterMs })
}

/** A comment's answer calls the new comment `id`. */
const commentIdOf = (recipient: Recipient, body: unknown) =>
  recipient === 'public' ? readMessageId(asShape<Shape<'id'>>(body)?.id) : null

type Circumstances = Readonly<{ status: number; recipient: Recipient; token: string; afterMs: number | null }>

function deliveryOfError(error: GraphError, { status, recipient, token, afterMs }: Circumstances): Delivery {
  const verdict = verdictOf(error)
  const detail = detailOf(verdict.say, error, token)
  if (verdict.verdict === 'retry') {
    const { pauses, reason, bound } = verdict
    return {
      status: 'retry',
      afterMs: afterMs ?? verdict.afterMs,
      pauses,
      detail,
      platformCode: platformCodeOf(error),
      ...(reason === undefined ? {} : { reason }),
      ...(bound === undefined ? {} : { bound }),
    }
  }
  // 429 is a definite "not now", whatever the error beside it.
  if (status === 429) return { status: 'retry', afterMs, pauses: 'account', detail }
  if (verdict.verdict === 'unknown') return { status: 'unknown', detail }
  if (verdict.verdict === 'reauthorize') {
    return { status: 'reauthorize', alert: verdict.alert, detail, platformCode: platformCodeOf(error) }
  }
  const isCommentGone = recipient !== 'person' && verdict.code === 'recipient-unknown'
  const code = isCommentGone ? 'comment-gone' : verdict.code
  const refusal = {
    ...({ status: 'refused', code, detail, platformCode: platformCodeOf(error) } as const),
    ...(verdict.alert === undefined ? {} : { alert: verdict.alert }),
  }
  if (verdict.pausesAccountMs === undefined) return refusal
  return { ...refusal, demands: [{ pauses: 'account', afterMs: verdict.pausesAccountMs, reason: 'restricted' }] }
}

const MAX_QUOTE_CHARS = 300

/** Our sentence, then the platform's, for whoever has to ask Meta about it. */
function detailOf(say: string, error: GraphError, token: string): string {
  const quote = error.message.replaceAll(token, '[token]').replace(/\s+/g, ' ').trim().slice(0, MAX_QUOTE_CHARS)
  const trace = error.traceId === null ? '' : `, trace ${error.traceId.replaceAll(token, '[token]').slice(0, 64)}`
  const code = platformCodeOf(error)
  const origin = code === null ? '' : ` (code ${code}${trace})`
  return quote === '' ? `${say}${origin}` : `${say} Instagram says: ${quote}${origin}`
}
