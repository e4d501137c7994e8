import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import type { InstagramSimulator, SimulatedCustomer, Webhook } from '../../dev/instagram-simulator/index.ts'
import type { RecordedReply, Recorder } from '../faults/harness/history.ts'
import type { InboxClient } from './inbox-client.ts'

export type Traffic = Readonly<{
  /** How many messages of customers were sent so far. */
  sent(): number
  /** Of what was sent, repeats included, nothing new comes from now on. Resolves when none is under way. */
  stop(): Promise<void>
}>

const REPEAT_AFTER_MS = 700

/** So many signed messages a second, whether they are taken or not. */
export function startTraffic(
  t: ExecutionContext,
  simulator: InstagramSimulator,
  people: readonly SimulatedCustomer[],
  perSecond: number,
): Traffic {
  const underWay = new Set<Promise<unknown>>()
  const startedAt = performance.now()
  let sent = 0
  const timer = setInterval(() => {
    const due = ((performance.now() - startedAt) / 1_000) * perSecond
    for (; sent < due; sent++) {
      const person = people[Math.floor(Math.random() * people.length)] as SimulatedCustomer
      const delivered: Promise<unknown> = simulator
        .dm(person, `message ${sent}`)
        .finally(() => underWay.delete(delivered))
      underWay.add(delivered)
    }
  }, 1_000 / perSecond)
  t.teardown(() => clearInterval(timer))
  return {
    sent: () => sent,
    async stop() {
      clearInterval(timer)
      await Promise.all(underWay)
    },
  }
}

/** What was not taken comes again, as the platform's does, echoes too; and some of what was taken comes again as well. */
export function startRepeats(t: ExecutionContext, simulator: InstagramSimulator): Pick<Traffic, 'stop'> {
  const underWay = new Map<Webhook, Promise<unknown>>()
  const notBefore = new Map<Webhook, number>()
  const repeat = (webhook: Webhook) => {
    notBefore.set(webhook, performance.now() + REPEAT_AFTER_MS)
    const delivered = simulator.deliver(webhook).finally(() => underWay.delete(webhook))
    underWay.set(webhook, delivered)
  }
  const timer = setInterval(() => {
    const now = performance.now()
    const refused = simulator.webhooks.filter(
      (webhook) =>
        webhook.attempts.length > 0 &&
        webhook.status !== 200 &&
        !underWay.has(webhook) &&
        (notBefore.get(webhook) ?? 0) <= now,
    )
    for (const webhook of refused.slice(0, 25)) repeat(webhook)
    const any = simulator.webhooks[Math.floor(Math.random() * simulator.webhooks.length)]
    if (any && any.status === 200 && !underWay.has(any) && Math.random() < 0.2) repeat(any)
  }, 100)
  t.teardown(() => clearInterval(timer))
  return {
    async stop() {
      clearInterval(timer)
      await Promise.all(underWay.values())
    },
  }
}

/** Somebody who answers, one reply after the other, and asks again under the same key until there is an answer. */
export function startAgent(
  t: ExecutionContext,
  recorder: Recorder,
  client: InboxClient,
  name: string,
  tickets: () => readonly string[],
  { everyMs, beforeEach = () => {} }: Readonly<{ everyMs: number; beforeEach?: () => void }>,
): Readonly<{ replies: readonly RecordedReply[]; stop(): Promise<void> }> {
  const replies: RecordedReply[] = []
  let stopped = false
  let abandoned = false
  t.teardown(() => {
    stopped = true
    abandoned = true
  })
  const work = async (): Promise<void> => {
    while (!stopped) {
      const open = tickets()
      const ticketId = open[Math.floor(Math.random() * open.length)]
      if (ticketId !== undefined) {
        const reply = recorder.reply(client, ticketId, `${name} ${replies.length}`)
        replies.push(reply)
        beforeEach()
        // Nobody answered, not to the end, or with trouble.
        while (!abandoned && !(await reply.post())) await sleep(100)
      }
      await sleep(everyMs)
    }
  }
  const working = work()
  return {
    replies,
    /** After the last one was answered. */
    async stop() {
      stopped = true
      await working
    },
  }
}
