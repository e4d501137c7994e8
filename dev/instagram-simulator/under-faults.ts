import { setTimeout as pause } from 'node:timers/promises'
import { type AnswerFault, type Faults, refusalOf, type UsageFault } from './faults.ts'
import { refuse } from './graph-errors.ts'
import type { Answer } from './http.ts'
import type { RouteKind } from './route-kind.ts'
import type { Login } from './types.ts'

/** Whose call it is; the id is null where nobody can be told. */
export type Caller = Readonly<{ id: string | null; login: Login }>

/** One call to Meta, with the faults that wait for such calls of this account: before, in place of, or after what it does. */
export async function underFaults(
  faults: Faults,
  on: RouteKind,
  caller: Caller,
  call: () => Answer | Promise<Answer>,
): Promise<Answer> {
  const pace = faults.take('pace', on, caller.id)
  if (pace?.kind === 'latency') await pause(pace.delayMs, undefined, { ref: false })
  const answer = await atOnce(faults, on, caller, call)
  return pace?.kind === 'slow-body' ? { ...answer, byteEveryMs: pace.delayMs } : answer
}

async function atOnce(
  faults: Faults,
  on: RouteKind,
  caller: Caller,
  call: () => Answer | Promise<Answer>,
): Promise<Answer> {
  const fault = faults.take('answer', on, caller.id)
  const early = fault ? undelivered(caller, on, fault) : null
  if (early) return early
  const answer = await call()
  // What was refused anyhow was not delivered.
  if (answer.instead !== undefined || answer.status >= 400) return answer
  const usage = faults.take('usage', on, caller.id)
  const told = usage ? { ...answer, headers: { ...answer.headers, ...usageHeaders(caller, usage) } } : answer
  return fault ? delivered(caller, on, fault, told) : told
}

/** Faults of calls that do nothing; null for those that let the call through. */
function undelivered(caller: Caller, on: RouteKind, fault: AnswerFault): Answer | null {
  const refusal = refusalOf(fault)
  if (refusal) return on === 'code-exchange' ? exchangeRefusal(refusal) : refuse(caller.login, refusal)
  if (fault.kind === 'timeout') return { status: 0, instead: 'hang' }
  if (fault.kind === 'reset') return { status: 0, instead: 'reset' }
  if (fault.kind === 'server-error') return brokenDown(fault)
  if (fault.kind !== 'throttle') return null
  const { code = 613, httpStatus = 429, retryAfterSeconds, regainMinutes } = fault
  return {
    ...refuse(caller.login, { code, httpStatus }),
    headers: {
      ...(retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) }),
      ...(regainMinutes === undefined ? {} : usageHeaders(caller, { percent: 100, regainMinutes })),
    },
  }
}

/** It has happened; only the answer is another. */
function delivered(caller: Caller, on: RouteKind, fault: AnswerFault, answer: Answer): Answer {
  const { afterwards } = answer
  const instead = (other: Answer): Answer => ({ ...other, ...(afterwards ? { afterwards } : {}) })
  switch (fault.kind) {
    case 'delivered-then-500':
      return instead(brokenDown(fault))
    case 'delivered-then-refusal':
      return instead(on === 'code-exchange' ? exchangeRefusal(fault) : refuse(caller.login, fault))
    case 'delivered-then-garbage':
      return instead({
        status: 200,
        text: fault.body ?? '{"recipient_id":"12',
        headers: { 'Content-Type': 'application/json' },
      })
    case 'delivered-then-timeout':
      return instead({ status: 0, instead: 'hang' })
    case 'delivered-then-cut':
      return { ...answer, instead: 'cut' }
    case 'delivered-then-reset':
      return instead({ status: 0, instead: 'reset' })
    default:
      return answer
  }
}

const brokenDown = (fault: Readonly<{ httpStatus?: number; body?: string }>): Answer => ({
  status: fault.httpStatus ?? 500,
  text: fault.body ?? '<!DOCTYPE html><title>Error</title><p>Sorry, something went wrong.',
})

/** The exchange of a code has an error shape of its own. */
const exchangeRefusal = ({
  code,
  message,
  httpStatus,
}: {
  code: number
  message?: string
  httpStatus?: number
}): Answer => ({
  status: httpStatus ?? 400,
  body: {
    error_type: 'OAuthException',
    code,
    error_message: message ?? 'Matching code was not found or was already used',
  },
})

function usageHeaders(
  { id }: Caller,
  { percent, regainMinutes = 0 }: Omit<UsageFault, 'kind'>,
): Record<string, string> {
  const usage = { type: 'instagram', call_count: percent, total_cputime: 20, total_time: 20 }
  return {
    'X-App-Usage': JSON.stringify({ call_count: percent, total_time: 20, total_cputime: 20 }),
    ...(id === null
      ? {}
      : {
          'X-Business-Use-Case-Usage': JSON.stringify({
            [id]: [{ ...usage, estimated_time_to_regain_access: regainMinutes }],
          }),
        }),
  }
}
