import { setTimeout as sleep } from 'node:timers/promises'
import type { InstagramSimulator, SimulatedAccount } from '../../../dev/instagram-simulator/index.ts'
import type { InboxClient, MessageJson, TicketJson } from '../../support/inbox-client.ts'
import { sampleFile } from '../../support/sample-files.ts'
import type { Recorder } from './history.ts'
import type { Choices } from './random.ts'

export type AgentOptions = Readonly<{
  simulator: InstagramSimulator
  recorder: Recorder
  client: InboxClient
  account: SimulatedAccount
  choices: Choices
  /** Begins what this agent writes: no two may write the same. */
  name: string
  everyMs: number
}>

export type Agent = Readonly<{
  /** Resolves when the last of its replies was answered. */
  stop(): Promise<void>
}>

type Page<T> = Readonly<{ data: readonly T[] }>

const ASKS_AGAIN_AFTER_MS = 200
const LOOKS_EVERY_MS = 5_000

/** Answers, and asks again under the same key until there is an answer; now and then it reacts or uploads a file. */
export function startAgent({ simulator, recorder, client, account, choices, name, everyMs }: AgentOptions): Agent {
  const { random, oneOf } = choices
  const underWay = new Set<Promise<unknown>>()
  let tickets: readonly string[] = []
  let lookedAt = Number.NEGATIVE_INFINITY
  let count = 0
  let stopped = false

  async function look(): Promise<void> {
    if (performance.now() < lookedAt + LOOKS_EVERY_MS) return
    const { body, exchange } = await recorder.call<Page<TicketJson>>(client, 'GET', '/tickets?limit=50')
    if (exchange.status !== 200 || body === null) return
    lookedAt = performance.now()
    tickets = body.data.map(({ id }) => id)
  }

  /** Of the sends some are never echoed, echoed before they are answered, answered wrongly or not at all, or slow. */
  function trouble(): void {
    const dice = random()
    const on = { account: account.id }
    if (dice < 0.1) simulator.fault({ kind: 'echo-before-answer', pauseMs: 80 }, on)
    else if (dice < 0.18) simulator.fault({ kind: 'echo-withheld' }, on)
    else if (dice < 0.22) simulator.fault({ kind: 'latency', delayMs: 500 }, on)
    if (dice > 0.94) simulator.fault({ kind: 'delivered-then-500' }, on)
    else if (dice > 0.92) simulator.fault({ kind: 'delivered-then-reset' }, on)
    else if (dice > 0.91) simulator.fault({ kind: 'delivered-then-garbage' }, on)
  }

  async function reply(ticketId: string): Promise<void> {
    trouble()
    const { post } = recorder.reply(client, ticketId, `${name} ${++count}`)
    while (!(await post())) await sleep(ASKS_AGAIN_AFTER_MS)
  }

  async function react(ticketId: string): Promise<void> {
    const path = `/tickets/${ticketId}/messages`
    const { body } = await recorder.call<Page<MessageJson>>(client, 'GET', `${path}?limit=20`)
    const theirs = body?.data?.find(({ direction }) => direction === 'INBOUND')
    if (theirs) await recorder.call(client, 'PUT', `${path}/${theirs.id}/reaction`, { emoji: oneOf(['❤️', '🎉', '👍']) })
  }

  /** Not in the history: it is no JSON. */
  const upload = (): Promise<unknown> =>
    fetch(`${client.url}/orgs/${client.orgId}/attachments`, {
      method: 'POST',
      headers: { authorization: `Bearer ${client.accessToken}` },
      body: new Uint8Array(sampleFile('png')),
      signal: AbortSignal.timeout(30_000),
    }).then(
      (answer) => answer.arrayBuffer(),
      () => null,
    )

  const working = (async () => {
    while (!stopped) {
      await look()
      if (tickets.length > 0) {
        const dice = random()
        const ticketId = oneOf(tickets)
        const doing: Promise<unknown> = (
          dice < 0.05 ? react(ticketId) : dice < 0.1 ? upload() : reply(ticketId)
        ).finally(() => underWay.delete(doing))
        underWay.add(doing)
        // One that is not answered does not keep the agent from others, but so many do.
        if (underWay.size > 20) await Promise.race(underWay)
      }
      await sleep(everyMs)
    }
  })()
  return {
    async stop() {
      stopped = true
      await working
      await Promise.all(underWay)
    },
  }
}
