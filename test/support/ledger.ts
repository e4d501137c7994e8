import type { InstagramSimulator, SimulatedCustomer, Webhook } from '../../dev/instagram-simulator/index.ts'
import type { CustomerJson, InboxClient, MessageJson, TicketJson } from './inbox-client.ts'
import type { Reply } from './traffic.ts'

/** What the service says, read through its API. */
export type Inbox = Readonly<{
  customers: readonly CustomerJson[]
  tickets: readonly TicketJson[]
  messages: readonly MessageJson[]
  notified: readonly string[]
}>

export async function readInbox(client: InboxClient): Promise<Inbox> {
  const [customers, tickets] = await Promise.all([client.customers(), client.tickets()])
  const messages: MessageJson[] = []
  for (const { id } of tickets) messages.push(...(await client.messages(id)))
  const notifications = await client.list<{ messageId: string }>('/notifications')
  return { customers, tickets, messages, notified: notifications.map(({ messageId }) => messageId) }
}

/** What the platform and the agents know. */
export type Outside = Readonly<{
  webhooks: readonly Webhook[]
  replies: readonly Reply[]
  people: readonly SimulatedCustomer[]
  received: InstagramSimulator['received']
}>

const FINAL = ['QUEUED', 'SENT', 'FAILED', 'UNKNOWN']

/** Every promise that was broken, in words; none is what a test wants. */
export function violations(inbox: Inbox, { webhooks, replies, people, received }: Outside): readonly string[] {
  const found: string[] = []
  const bubbles = new Map(people.map((person) => [person.id, received(person)]))
  const ours = new Set([...bubbles.values()].flat().map(({ mid }) => mid))
  const stored = countBy(inbox.messages, ({ externalId }) => externalId ?? '')

  // What came in.
  for (const { mid, attempts } of webhooks) {
    if (mid === null || ours.has(mid)) continue
    const count = stored.get(mid) ?? 0
    const acknowledged = attempts.some(({ status }) => status === 200)
    if (acknowledged && count === 0) found.push(`lost: ${mid} was acknowledged and is not there`)
    if (count > 1) found.push(`doubled: ${mid} is there ${count} times`)
  }
  const told = new Set(webhooks.map(({ mid }) => mid))
  for (const { id, direction, externalId } of inbox.messages) {
    if (direction === 'INBOUND' && !told.has(externalId)) found.push(`invented: nobody sent ${id}`)
  }
  for (const [customerId, count] of countBy(inbox.tickets, ({ customerId }) => customerId)) {
    if (count > 1) found.push(`doubled: customer ${customerId} has ${count} tickets`)
  }
  for (const [externalId, count] of countBy(inbox.customers, (customer) => customer.externalId)) {
    if (count > 1) found.push(`doubled: ${externalId} is ${count} customers`)
  }
  const inbound = new Set(inbox.messages.filter(({ direction }) => direction === 'INBOUND').map(({ id }) => id))
  const notified = countBy(inbox.notified, (id) => id)
  for (const id of inbound)
    if (notified.get(id) !== 1) found.push(`message ${id} has ${notified.get(id) ?? 0} notifications`)
  for (const id of notified.keys()) if (!inbound.has(id)) found.push(`invented: a notification of ${id}`)

  // What goes out.
  const byId = new Map(inbox.messages.map((message) => [message.id, message]))
  const outbound = inbox.messages.filter(({ direction }) => direction === 'OUTBOUND')
  const byText = countBy(outbound, ({ content }) => content ?? '')
  const copies = countBy([...bubbles.values()].flat(), ({ text }) => text ?? '')
  for (const { text, answer } of replies) {
    if ((copies.get(text) ?? 0) > 1) found.push(`sent twice: "${text}"`)
    if ((byText.get(text) ?? 0) > 1) found.push(`doubled: "${text}" is there ${byText.get(text)} times`)
    if (answer === null) found.push(`"${text}" was never answered`)
    if (answer?.status !== 201) continue
    const message = byId.get(answer.message.id)
    if (!message) found.push(`lost: "${text}" was answered 201 and is not there`)
    else found.push(...statusViolations(message, text, [...bubbles.values()].flat()))
  }
  for (const { content, author } of outbound) {
    if (author.type !== 'MEMBER') found.push(`"${content}" is shown as ${author.type}'s`)
  }
  for (const person of people) {
    const order = (bubbles.get(person.id) ?? []).map(
      ({ text }) => outbound.find(({ content }) => content === text)?.createdAt ?? '',
    )
    if (order.some((at, index) => index > 0 && at < (order[index - 1] ?? '')))
      found.push(`out of order on the phone of ${person.id}`)
  }
  return found
}

function statusViolations(
  message: MessageJson,
  text: string,
  bubbles: readonly { text: string | null; mid: string }[],
): string[] {
  const copy = bubbles.find((bubble) => bubble.text === text)
  const { status, externalId } = message
  if (message.content !== text) return [`"${text}" reads "${message.content}"`]
  if (!FINAL.includes(status)) return [`"${text}" is ${status}`]
  if (status === 'SENT' && copy?.mid !== externalId)
    return [`"${text}" is SENT as ${externalId}, on the phone as ${copy?.mid}`]
  if ((status === 'QUEUED' || status === 'FAILED') && copy) return [`"${text}" is ${status}, and on the phone`]
  return []
}

function countBy<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1)
  return counts
}
