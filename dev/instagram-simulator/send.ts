import { setTimeout as pause } from 'node:timers/promises'
import type { Actions } from './actions.ts'
import type { AnswerFault, Faults } from './faults.ts'
import { refuse } from './graph-errors.ts'
import type { Answer } from './http.ts'
import { newMessageId } from './ids.ts'
import { judge } from './send-rules.ts'
import type { PhoneMessage, SimulatedAccount, SimulatedCustomer } from './types.ts'
import type { World } from './world.ts'

export type Sending = Readonly<{
  world: World
  actions: Actions
  faults: Faults
  /** From the answer to the echo's webhook, where no fault says otherwise. */
  echoDelayMs: number
}>

/** `POST /{node}/messages`: the fault that waits for this call, else Meta's rules, else a bubble on the phone. */
export async function send(
  sending: Sending,
  account: SimulatedAccount,
  body: Record<string, unknown>,
): Promise<Answer> {
  const { world, faults } = sending
  const fault = faults.takeAnswer('send', account.id)
  const early = fault ? undelivered(account, fault) : null
  if (early) return early

  const verdict = judge(world, account, body)
  if ('error' in verdict) return refuse(account.login, verdict.error)
  const { customer } = verdict
  if ('action' in verdict) return { status: 200, body: { recipient_id: customer.id } }

  const mid = newMessageId(account.id)
  const message: PhoneMessage = {
    mid,
    from: 'business',
    via: 'graph-api',
    kind: 'message',
    text: verdict.text,
    attachments: verdict.attachments,
    privateReplyTo: verdict.comment?.id ?? null,
    at: world.nextEventAt(customer.id),
    unsent: false,
  }
  if (verdict.comment) verdict.comment.privateReplyMid = mid
  world.show(customer, message)
  const afterwards = await echoOf(sending, customer, message)
  return { ...answerOf(fault, { recipient_id: customer.id, message_id: mid }), ...(afterwards ? { afterwards } : {}) }
}

/** Faults of calls that reach nobody; null for those that let the message through. */
export function undelivered(account: SimulatedAccount, fault: AnswerFault): Answer | null {
  if (fault.kind === 'refusal') return refuse(account.login, fault)
  if (fault.kind === 'timeout') return { status: 0, instead: 'hang' }
  if (fault.kind === 'server-error') return brokenDown(fault)
  if (fault.kind !== 'throttle') return null
  const code = fault.code ?? 613
  const refusal = refuse(account.login, { code, httpStatus: fault.httpStatus ?? 429 })
  const usage = { type: 'instagram', call_count: 100, total_cputime: 20, total_time: 20 }
  return {
    ...refusal,
    headers: {
      ...(fault.retryAfterSeconds === undefined ? {} : { 'Retry-After': String(fault.retryAfterSeconds) }),
      ...(fault.regainMinutes === undefined
        ? {}
        : {
            'X-Business-Use-Case-Usage': JSON.stringify({
              [account.id]: [{ ...usage, estimated_time_to_regain_access: fault.regainMinutes }],
            }),
          }),
    },
  }
}

const brokenDown = (fault: Readonly<{ httpStatus?: number; body?: string }>): Answer => ({
  status: fault.httpStatus ?? 500,
  text: fault.body ?? '<!DOCTYPE html><title>Error</title><p>Sorry, something went wrong.',
})

function answerOf(fault: AnswerFault | null, body: object): Answer {
  switch (fault?.kind) {
    case 'delivered-then-500':
      return brokenDown(fault)
    case 'delivered-then-timeout':
      return { status: 0, instead: 'hang' }
    case 'delivered-then-reset':
      return { status: 0, instead: 'reset' }
    default:
      return { status: 200, body }
  }
}

/** Posts the echo now, where it is to come first, else returns what is to run after the answer. */
async function echoOf(
  { actions, faults, echoDelayMs }: Sending,
  customer: SimulatedCustomer,
  message: PhoneMessage,
): Promise<(() => void) | null> {
  const fault = faults.takeEcho(customer.account.id)
  if (customer.account.webhookUrl === null || fault?.kind === 'echo-withheld') return null
  const echo = () => actions.echo(customer, message)
  if (fault?.kind === 'echo-before-answer') {
    await echo()
    await pause(fault.pauseMs ?? 100)
    return null
  }
  return () => {
    setTimeout(echo, fault?.kind === 'echo-delayed' ? fault.delayMs : echoDelayMs).unref()
  }
}
