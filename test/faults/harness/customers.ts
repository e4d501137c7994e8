import { setTimeout as sleep } from 'node:timers/promises'
import type {
  InstagramSimulator,
  SimulatedAccount,
  SimulatedCustomer,
  Webhook,
} from '../../../dev/instagram-simulator/index.ts'
import { waitFor } from '../../support/processes.ts'
import type { Choices } from './random.ts'

export type CustomersOptions = Readonly<{
  simulator: InstagramSimulator
  accounts: readonly SimulatedAccount[]
  /** Of this one comes what nobody can read. */
  broken: SimulatedAccount
  choices: Choices
  perSecond: number
  /** Of each account's at the beginning; now and then somebody new writes. */
  people: number
}>

export type Customers = Readonly<{
  /** How many messages were sent; what comes of the service, repeats and pieces of nonsense are not counted. */
  sent(): number
  /** Nothing new from now on; resolves when the platform has brought everything. */
  stop(): Promise<void>
}>

const BROUGHT_WITHIN_MS = 240_000

/** People write at a steady pace, and the platform brings it as it does: twice, late, in another order, several in one. */
export function startCustomers({
  simulator,
  accounts,
  broken,
  choices,
  perSecond,
  people,
}: CustomersOptions): Customers {
  const { random, oneOf, between } = choices
  const known = new Map<SimulatedAccount, SimulatedCustomer[]>(
    accounts.map((account) => [account, Array.from({ length: people }, () => simulator.customer({ account }))]),
  )
  const underWay = new Set<Promise<unknown>>()
  const bring = (delivery: Promise<unknown>): void => {
    const done: Promise<unknown> = delivery.finally(() => underWay.delete(done))
    underWay.add(done)
  }
  let sent = 0

  function somebody(account: SimulatedAccount): SimulatedCustomer {
    const all = known.get(account) ?? []
    if (random() < 0.04) all.push(simulator.customer({ account }))
    return random() < 0.04 ? (all.at(-1) ?? oneOf(all)) : oneOf(all)
  }

  function write(): void {
    const account = oneOf(accounts)
    const who = somebody(account)
    const dice = random()
    const on = { account: account.id }
    if (dice < 0.06) simulator.fault({ kind: 'webhook-doubled' }, on)
    else if (dice < 0.16) simulator.fault({ kind: 'webhook-batched' }, on)
    else if (dice < 0.2) simulator.fault({ kind: 'webhook-reordered' }, on)
    else if (dice < 0.24) simulator.fault({ kind: 'webhook-delayed', delayMs: between(50, 3_000) }, on)
    const text = `words ${++sent}`
    bring(random() < 0.03 ? simulator.typedOnPhone(who, text) : simulator.dm(who, text))
    // What was taken comes again as well, and now and then something that nobody can read.
    const any = simulator.webhooks[Math.floor(random() * simulator.webhooks.length)]
    if (any && any.status === 200 && random() < 0.05) bring(simulator.deliver(any))
    if (random() < 0.02) bring(simulator.raw(broken, '{"object":"instagram","entry":[{"id":'))
  }

  let stopped = false
  const startedAt = performance.now()
  const writing = (async () => {
    for (let due = 0; !stopped; due++) {
      await sleep(Math.max(0, startedAt + (due * 1_000) / perSecond - performance.now()))
      if (!stopped) write()
    }
  })()

  const isTaken = ({ status }: Webhook) => status === 200
  const told = ({ mid, id, attempts }: Webhook) =>
    `${mid ?? id} (${attempts.map(({ status, error }) => status ?? error).join(', ')})`
  return {
    sent: () => sent,
    async stop() {
      stopped = true
      await writing
      simulator.clearFaults()
      // What waited for the account's next one has nothing to wait for any more.
      for (const account of accounts) bring(simulator.dm(oneOf(known.get(account) ?? []), `words ${++sent}`))
      await waitFor(() => underWay.size === 0, BROUGHT_WITHIN_MS)
      await waitFor(() => simulator.webhooks.every(isTaken), BROUGHT_WITHIN_MS).catch((cause: Error) => {
        const missing = simulator.webhooks.filter((webhook) => !isTaken(webhook))
        throw new Error(`not taken in the end: ${missing.map(told).join('; ')}`, { cause })
      })
    },
  }
}
