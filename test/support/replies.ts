import { setTimeout as sleep } from 'node:timers/promises'
import type { Delivery, OutboundMessage } from '../../src/core/channel/delivery.ts'
import type { Surface } from '../../src/core/channel/inbound-event.ts'
import type { ExternalMessageId, MessageId, TicketId } from '../../src/core/ids.ts'
import type { MessageView } from '../../src/ports/views.ts'
import { aMessage, aThread } from '../builders/events.ts'
import { type CoreOnDatabase, deliveryOf, type Inbox } from './core-on-database.ts'
import { all } from './inbox-state.ts'

/** A person who has just written, and the ticket that this made. */
export type Talk = Readonly<{ inbox: Inbox; person: string; ticketId: TicketId }>

export async function startTalk(
  { core, queries }: CoreOnDatabase,
  inbox: Inbox,
  person: string,
  surface: Surface = 'DM',
): Promise<Talk> {
  const thread = { ...aThread(person), surface }
  const hello = aMessage({ externalId: `hello of ${person}`, at: new Date(), thread })
  await core.receiveWebhooks([deliveryOf(inbox, [hello])])
  const customers = await all((page) => queries.customers(inbox.orgId, {}, page))
  const tickets = await all((page) => queries.tickets(inbox.orgId, {}, page))
  const customer = customers.find(({ externalId }) => externalId === person)
  const ticket = tickets.find(({ customerId }) => customerId === customer?.id)
  if (!ticket) throw new Error(`${person} has no ticket`)
  return { inbox, person, ticketId: ticket.id }
}

export const reply = async ({ core }: CoreOnDatabase, { inbox, ticketId }: Talk, content: string): Promise<MessageId> =>
  (await core.sendReply(inbox.actor, { ticketId, content, via: 'INBOX' })).messageId

/** What was said in the talk besides the customer's hello, in list order. */
export async function repliesIn(
  { queries }: CoreOnDatabase,
  { inbox, ticketId }: Talk,
): Promise<readonly MessageView[]> {
  const messages = await all(async (page) => {
    const found = await queries.messages(inbox.orgId, ticketId, 'asc', page)
    if (found === null) throw new Error('the ticket is gone')
    return found
  })
  return messages.filter(({ direction }) => direction === 'OUTBOUND')
}

export const statusesIn = async (on: CoreOnDatabase, talk: Talk) =>
  (await repliesIn(on, talk)).map(({ content, status }) => `${content} ${status}`)

/** Lets the worker do whatever is due, until nothing is under way. */
export async function workOff({ core }: CoreOnDatabase): Promise<number> {
  let count = 0
  for (;;) {
    const begun = await core.deliverDue(10, new AbortController().signal)
    if (begun.length === 0) return count
    count += begun.length
    await Promise.all(begun)
  }
}

export type SentMessage = Readonly<{ message: OutboundMessage; externalId: ExternalMessageId }>

/** A network that keeps what it was given; `answers` decides, by default every message is taken. */
export function aNetwork(
  answers: (message: OutboundMessage, externalId: ExternalMessageId) => Promise<Delivery> | Delivery = taken,
) {
  const sent: SentMessage[] = []
  const underWay = new Map<string, number>()
  let mostAtOnce = 0
  const send = async (message: OutboundMessage): Promise<Delivery> => {
    const externalId = `sent-${sent.length + 1}-${message.reference}` as ExternalMessageId
    const to = message.recipient.externalId
    sent.push({ message, externalId })
    underWay.set(to, (underWay.get(to) ?? 0) + 1)
    mostAtOnce = Math.max(mostAtOnce, underWay.get(to) ?? 0)
    try {
      return await answers(message, externalId)
    } finally {
      underWay.set(to, (underWay.get(to) ?? 0) - 1)
    }
  }
  return {
    send,
    sent,
    texts: (to?: string) =>
      sent
        .filter(({ message }) => to === undefined || message.recipient.externalId === to)
        .map(({ message }) => textOf(message)),
    /** In one conversation. */
    mostAtOnce: () => mostAtOnce,
  }
}

/** Empty for what is no text. */
export const textOf = ({ content }: OutboundMessage): string => (content.kind === 'TEXT' ? content.text : '')

export const taken = (_: OutboundMessage, externalId: ExternalMessageId): Delivery => ({
  status: 'accepted',
  externalId,
})

/** An answer that comes when the test says so. */
export function aGate<T>() {
  const { promise, resolve } = Promise.withResolvers<T>()
  const reached = Promise.withResolvers<void>()
  return {
    open: resolve,
    reached: reached.promise,
    pass: (): Promise<T> => {
      reached.resolve()
      return promise
    },
  }
}

export const pause = (ms: number): Promise<void> => sleep(ms)
