import pg from 'pg'
import { createIdSource } from '../../src/adapters/ids.ts'
import { connectionConfig, type DatabaseTarget } from '../../src/adapters/persistence/connection.ts'
import { newMessageId, personOf } from '../direct-messages.ts'
import { onOrder } from '../on-order.ts'
import type { Shop } from '../seed.ts'
import { createTranscript, type Recording, type Statement } from './transcript.ts'

export type FloorOrder = Readonly<{
  database: DatabaseTarget
  connections: number
  events: number
  people: number
  shops: readonly Shop[]
  /** One person's first message and the next one, as ours stores them in the first shop. */
  recorded: Recording & Readonly<{ first: readonly Statement[]; next: readonly Statement[] }>
}>

export type FloorResult = Readonly<{ seconds: number }>

/** The statements of ours, one transaction for each event, one after the other on every connection. */
async function replay(order: FloorOrder): Promise<FloorResult> {
  const { connections, database, events, people, recorded } = order
  const factsOf = createFacts(order)
  const first = createTranscript(prepared('first', recorded.first), recorded)
  const next = createTranscript(prepared('next', recorded.next), recorded)
  const clients = Array.from({ length: connections }, () => new pg.Client(connectionConfig(database)))
  await Promise.all(clients.map((client) => client.connect()))
  let taken = 0
  const work = async (client: pg.Client): Promise<void> => {
    for (let event = taken++; event < events; event = taken++) {
      const statements = (event < people ? first : next)(factsOf(event))
      for (const statement of statements) await client.query({ ...statement, values: [...statement.values] })
    }
  }
  const startedAt = performance.now()
  await Promise.all(clients.map(work))
  const seconds = (performance.now() - startedAt) / 1000
  await Promise.all(clients.map((client) => client.end()))
  return { seconds }
}

/** Planned once on each connection, as anybody would who is in a hurry; ours plans them every time. */
const prepared = (transcript: string, statements: readonly Statement[]): readonly Statement[] =>
  statements.map((statement, index) =>
    statement.values.length === 0 ? statement : { name: `${transcript} ${index}`, ...statement },
  )

/** Ids of the organization, its member and channel are the shop's, those of a person stay with the person, others are new. */
function createFacts({ events, people, shops }: FloorOrder) {
  const ids = createIdSource()
  const [from] = shops as readonly [Shop]
  const idsOfShop = shops.map(
    (shop) =>
      new Map<string, string>([
        [from.orgId, shop.orgId],
        [from.memberId, shop.memberId],
        [from.channelId, shop.channelId],
      ]),
  )
  const idsOfPerson = Array.from({ length: people }, () => new Map<string, string>())
  const startAt = Date.now() - events
  return (event: number) => {
    const number = event % people
    const ofShop = idsOfShop[number % shops.length] as Map<string, string>
    const ofPerson = idsOfPerson[number] as Map<string, string>
    const isFirst = event < people
    const own = isFirst ? ofPerson : new Map<string, string>()
    const idFor = (recorded: string): string => {
      const known = ofShop.get(recorded) ?? ofPerson.get(recorded) ?? own.get(recorded)
      if (known !== undefined) return known
      const made = ids.next()
      own.set(recorded, made)
      return made
    }
    return {
      idFor,
      at: new Date(startAt + event),
      messageId: newMessageId(),
      person: personOf(number),
      ticketNumber: event + 1,
    }
  }
}

onOrder(replay)
