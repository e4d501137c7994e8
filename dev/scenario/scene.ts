import type { Api, Message, Ticket } from '../demo/api.ts'
import type { InstagramSimulator, SimulatedAccount, SimulatedCustomer } from '../instagram-simulator/index.ts'
import type { TicketKind } from './scenario.ts'

/** A service that runs, and the simulator it takes for Meta. */
export type Stage = Readonly<{
  url: string
  simulator: InstagramSimulator
  /** How long an expectation may take; everything else has 30 s. */
  expectWithinMs?: number
}>

export type Named = Readonly<{ mid: string; of: string | null; message?: Message & { ticketId: string } }>

/** What the steps share. */
export type Scene = Readonly<{
  stage: Stage
  api: Api
  account: SimulatedAccount
  people: ReadonlyMap<string, SimulatedCustomer>
  named: Map<string, Named>
}>

/** Until there is something; what is wrong for good throws at once. */
export const until = <T>(
  { stage }: Scene,
  what: string,
  look: () => Promise<T>,
  withinMs = PATIENCE_MS,
): Promise<NonNullable<T>> => stage.simulator.waitFor(look, withinMs, what)

/** For each thing that has to happen. */
const PATIENCE_MS = 30_000

/** The newest of theirs of that kind. */
export async function findTicket({ api, people }: Scene, name: string, kind: TicketKind): Promise<Ticket | null> {
  const who = people.get(name)
  const customer = (await api.customers()).find(({ externalId }) => externalId === who?.id)
  const theirs = (await api.tickets()).filter(
    ({ customerId, kind: one }) => customerId === customer?.id && one === kind,
  )
  return theirs.toSorted((a, b) => b.number - a.number)[0] ?? null
}

/** In whichever ticket of theirs it is; of whoever where nobody is named. */
export async function findMessage({ api, people }: Scene, name: string, mid: string | null): Promise<Message | null> {
  const who = people.get(name)
  const customer = (await api.customers()).find(({ externalId }) => externalId === who?.id)
  for (const { id } of (await api.tickets()).filter(({ customerId }) => !who || customerId === customer?.id)) {
    const found = (await api.messages(id)).find(({ externalId }) => externalId === mid)
    if (found) return found
  }
  return null
}
