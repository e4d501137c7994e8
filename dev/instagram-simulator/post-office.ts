import { setTimeout as pause } from 'node:timers/promises'
import type { Faults } from './faults.ts'
import type { DeliveryAttempt, SimulatedAccount, SimulatedCustomer, Webhook } from './types.ts'
import { postWebhook, webhookHeaders } from './webhook-client.ts'
import { toWire } from './wire.ts'

export type Addressing = Readonly<{
  /** Instead of the account's own webhook URL. */
  url?: string
  /** Instead of the account's app secret. */
  secret?: string
  /** These headers besides or instead of Meta's; an empty value leaves one out. */
  headers?: Readonly<Record<string, string>>
}>

export type PostOffice = ReturnType<typeof createPostOffice>

/** Signs and posts webhooks, and keeps every one of them, so that a test can send the same bytes again. */
export function createPostOffice(
  timeoutMs: number,
  changed: () => void,
  faults: Faults,
  /** Waits before the same bytes come again, where they were not answered with 200. */
  retryAfterMs: readonly number[] = [],
) {
  const sent: Webhook[] = []
  const underWay = new Set<Promise<unknown>>()
  const heldBack = new Map<SimulatedAccount, (() => Promise<Webhook>)[]>()
  const batched = new Map<SimulatedAccount, Webhook[]>()
  /** Of a body with the entries of several. */
  const partsOf = new WeakMap<Webhook, readonly Webhook[]>()
  const retries = new Set<NodeJS.Timeout>()
  let closed = false

  function write(
    account: SimulatedAccount,
    body: Buffer,
    about: Readonly<{ customer?: SimulatedCustomer; mid?: string }> = {},
  ): Webhook {
    const webhook: Webhook = {
      id: sent.length + 1,
      account,
      customer: about.customer ?? null,
      mid: about.mid ?? null,
      body,
      attempts: [],
      status: null,
    }
    sent.push(webhook)
    return webhook
  }

  /** Posts it, again if it was posted before: Meta repeats deliveries too. A fault may have it lost, doubled, late or after the next. */
  async function deliver(webhook: Webhook, to: Addressing = {}): Promise<Webhook> {
    const { account } = webhook
    const fault = faults.take('webhook', 'webhook', account.id)
    if (fault?.kind === 'webhook-lost') return webhook
    if (fault?.kind === 'webhook-reordered') {
      heldBack.set(account, [...(heldBack.get(account) ?? []), () => post(webhook, to)])
      return webhook
    }
    if (fault?.kind === 'webhook-batched') {
      batched.set(account, [...(batched.get(account) ?? []), webhook])
      return webhook
    }
    if (fault?.kind === 'webhook-delayed') await pause(fault.delayMs, undefined, { ref: false })
    const companions = batched.get(account) ?? []
    batched.delete(account)
    await (companions.length > 0 ? postTogether([...companions, webhook], to) : post(webhook, to))
    if (fault?.kind === 'webhook-doubled') await post(webhook, to)
    const waited = heldBack.get(account) ?? []
    heldBack.delete(account)
    for (const late of waited) await late()
    return webhook
  }

  /** One body with the entries of all, which share its attempts, those that come later too. */
  async function postTogether(webhooks: readonly Webhook[], to: Addressing): Promise<void> {
    const entry = webhooks.flatMap(({ body }) => (JSON.parse(body.toString()) as { entry: object[] }).entry)
    const [first] = webhooks as [Webhook]
    const whole = write(first.account, toWire({ object: 'instagram', entry }))
    partsOf.set(whole, webhooks)
    await post(whole, to)
  }

  function note(webhook: Webhook, made: DeliveryAttempt): void {
    webhook.attempts.push(made)
    webhook.status = made.status
    for (const part of partsOf.get(webhook) ?? []) note(part, made)
  }

  /** As Meta does, in the background, with less and less haste, until it is taken or given up. */
  function planRetry(webhook: Webhook, to: Addressing, round: number): void {
    const afterMs = retryAfterMs[round]
    if (afterMs === undefined || closed || webhook.status === 200) return
    const timer = setTimeout(() => {
      retries.delete(timer)
      void attempt(webhook, to).then(() => planRetry(webhook, to, round + 1))
    }, afterMs)
    timer.unref()
    retries.add(timer)
  }

  async function post(webhook: Webhook, to: Addressing): Promise<Webhook> {
    await attempt(webhook, to)
    planRetry(webhook, to, 0)
    return webhook
  }

  async function attempt(webhook: Webhook, to: Addressing): Promise<Webhook> {
    // An echo that was due after the end.
    if (closed) return webhook
    const url = to.url ?? webhook.account.webhookUrl
    if (url === null) throw new Error(`The account ${webhook.account.id} has no webhook URL`)
    const headers = { ...webhookHeaders(webhook.body, to.secret ?? webhook.account.appSecret), ...to.headers }
    const wanted = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ''))
    const posting = postWebhook(url, webhook.body, wanted, timeoutMs)
    underWay.add(posting)
    const made = await posting
    underWay.delete(posting)
    note(webhook, made)
    changed()
    return webhook
  }

  async function close(): Promise<void> {
    closed = true
    for (const timer of retries) clearTimeout(timer)
    await Promise.all(underWay)
  }

  return { sent, write, deliver, close }
}
