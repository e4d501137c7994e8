import type { Evidence } from './checker.ts'
import type { ReplyRecord } from './history.ts'
import type { StoredMessage, StoredPart } from './snapshot.ts'

export type Phone = Evidence['ledger']['phones'][number]
export type Bubble = Phone['messages'][number]

/** A message on a phone, and where it belongs in the system. */
export type Placed = Readonly<{ bubble: Bubble; phone: Phone; home: Home | null }>
export type Home = Readonly<{ orgId: string; channelId: string }>

/** The evidence with what is looked up in it all the time. */
export type Facts = ReturnType<typeof factsOf>

export function factsOf({ ledger, history, snapshot }: Evidence) {
  const homes = new Map<string, Home>(history.channels.map(({ accountId, ...home }) => [accountId, home]))
  const placed: Placed[] = ledger.phones.flatMap((phone) =>
    phone.messages.map((bubble) => ({ bubble, phone, home: homes.get(phone.account) ?? null })),
  )
  const replies = new Map<string, ReplyRecord>()
  for (const reply of history.replies) {
    if (replies.has(reply.text)) throw new Error(`Two replies say "${reply.text}": nobody could tell them apart.`)
    replies.set(reply.text, reply)
  }
  const messages = byId(snapshot.messages)
  const conversations = byId(snapshot.conversations)
  const people = new Map(snapshot.identities.map(({ customerId, externalId }) => [customerId, externalId]))
  const partsOf = Map.groupBy(snapshot.parts, ({ messageId }) => messageId)
  const lanes = new Map(snapshot.lanes.map((lane) => [lane.conversationId, lane]))

  return {
    ledger,
    history,
    snapshot,
    placed,
    /** What did not come through the service: written by customers, or by thumb in the platform's app. */
    fromOutside: placed.filter(({ bubble }) => isFromOutside(bubble)),
    sent: placed.filter(({ bubble }) => !isFromOutside(bubble)),
    bubblesByMid: new Map(placed.map((one) => [one.bubble.mid, one])),
    homes,
    replies,
    messages,
    conversations,
    /** The platform's ids of people, by the customer's. */
    people,
    tickets: byId(snapshot.tickets),
    customers: byId(snapshot.customers),
    channels: byId(snapshot.channels),
    partsOf: (message: StoredMessage): readonly StoredPart[] => partsOf.get(message.id) ?? [],
    partsByExternalId: Map.groupBy(
      snapshot.parts.filter(({ externalId }) => externalId !== null),
      ({ externalId }) => externalId,
    ),
    lanes,
    /** Deliveries in the broker and in the spool that are not stored yet, as far as they are counted. */
    waiting: waitingIn(snapshot),
  }
}

const waitingIn = ({ queues, jobs }: Evidence['snapshot']): number =>
  queues.reduce((sum, { messages, isDead }) => sum + (isDead ? 0 : messages), 0) +
  jobs.filter(({ queue, state }) => queue === 'inbound' && state !== 'DEAD').length

const isFromOutside = ({ from, via }: Bubble): boolean => from === 'customer' || via === 'instagram-app'

const byId = <T extends Readonly<{ id: string }>>(rows: readonly T[]): ReadonlyMap<string, T> =>
  new Map(rows.map((row) => [row.id, row]))

/** Keys that occur more than once, and how often. */
export function repeated<T>(items: readonly T[], keyOf: (item: T) => string): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1)
  return [...counts].filter(([, count]) => count > 1)
}
