import { setTimeout as pause } from 'node:timers/promises'
import type { Actions } from './actions.ts'
import type { Faults } from './faults.ts'
import { fetchMedia, type Reach } from './fetch-media.ts'
import { refuse } from './graph-errors.ts'
import type { Answer } from './http.ts'
import { newMessageId } from './ids.ts'
import { judge } from './send-rules.ts'
import type { PhoneAttachment, PhoneMessage, SimulatedAccount, SimulatedCustomer } from './types.ts'
import type { World } from './world.ts'

export type Sending = Readonly<{
  world: World
  actions: Actions
  faults: Faults
  /** From the answer to the echo's webhook, where no fault says otherwise. */
  echoDelayMs: number
  /** Null: addresses of media are taken as they are, and not fetched. */
  reach: Reach | null
}>

/** `POST /{node}/messages`: Meta's rules, else a bubble on the phone. */
export async function send(
  sending: Sending,
  account: SimulatedAccount,
  body: Record<string, unknown>,
): Promise<Answer> {
  const { world } = sending
  const verdict = judge(world, account, body)
  if ('error' in verdict) return refuse(account.login, verdict.error)
  const { customer } = verdict
  if ('action' in verdict) {
    world.sign(customer, verdict.action)
    return { status: 200, body: { recipient_id: customer.id } }
  }

  const attachments: PhoneAttachment[] = []
  for (const attachment of verdict.attachments) {
    const fetched = sending.reach ? await fetchMedia(attachment, sending.reach) : attachment
    if ('code' in fetched) return refuse(account.login, fetched)
    attachments.push(fetched)
  }

  const mid = newMessageId(account.id)
  const message: PhoneMessage = {
    mid,
    from: 'business',
    via: 'graph-api',
    kind: 'message',
    text: verdict.text,
    attachments,
    quickReplies: verdict.quickReplies,
    template: verdict.template,
    replyTo: verdict.replyTo,
    privateReplyTo: verdict.comment?.id ?? null,
    at: world.nextEventAt(customer.id),
    unsent: false,
  }
  if (verdict.comment) verdict.comment.privateReplyMid = mid
  world.show(customer, message)
  const afterwards = await echoOf(sending, customer, message)
  return { status: 200, body: { recipient_id: customer.id, message_id: mid }, ...(afterwards ? { afterwards } : {}) }
}

/** Posts the echo now, where it is to come first, else returns what is to run after the answer. */
async function echoOf(
  { actions, faults, echoDelayMs }: Sending,
  customer: SimulatedCustomer,
  message: PhoneMessage,
): Promise<(() => void) | null> {
  const fault = faults.take('echo', 'send', customer.account.id)
  if (customer.account.webhookUrl === null || fault?.kind === 'echo-withheld') return null
  const echo = () => actions.echo(customer, message)
  if (fault?.kind === 'echo-before-answer') {
    await echo()
    await pause(fault.pauseMs ?? 100)
    return null
  }
  return () => {
    setTimeout(echo, fault?.kind === 'echo-delayed' ? fault.delayMs : echoDelayMs).unref()
    if (fault?.kind === 'echo-doubled') setTimeout(echo, echoDelayMs).unref()
  }
}
