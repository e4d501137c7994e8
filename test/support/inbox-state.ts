import type { OrgId } from '../../src/core/ids.ts'
import type { InboxQueries, PageOf, PageRequest } from '../../src/ports/inbox-queries.ts'

/** Everything a reader sees of an organization's inbox, without the ids and times that differ from run to run. */
export async function inboxState(queries: InboxQueries, orgId: OrgId) {
  const customers = await all((page) => queries.customers(orgId, {}, page))
  const tickets = await all((page) => queries.tickets(orgId, {}, page))
  const people = new Map(customers.map(({ id, externalId }) => [id, externalId]))
  const threads = await Promise.all(
    tickets.map(async (ticket) => ({
      person: people.get(ticket.customerId) ?? null,
      kind: ticket.kind,
      context: ticket.context,
      referrals: ticket.referrals,
      threadOwner: ticket.threadOwner,
      status: ticket.status,
      unreadCount: ticket.unreadCount,
      lastMessageAt: ticket.lastMessageAt,
      lastMessagePreview: ticket.lastMessagePreview,
      window: ticket.window,
      messages: (await all((page) => messagesOf(queries, orgId, ticket.id, page))).map((message) => ({
        externalId: message.externalId,
        direction: message.direction,
        author: message.author.type,
        kind: message.kind,
        content: message.content,
        attachments: message.attachments,
        context: message.context,
        reactions: message.reactions,
        via: message.via,
        status: message.status,
        sentAt: message.sentAt,
        editedAt: message.editedAt,
        deletedAt: message.deletedAt,
      })),
    })),
  )
  return {
    customers: sorted(
      customers.map(({ externalId, username, displayName, lastSeenAt, referrals }) => ({
        externalId,
        username,
        displayName,
        lastSeenAt,
        referrals,
      })),
    ),
    threads: sorted(threads),
  }
}

export type InboxState = Awaited<ReturnType<typeof inboxState>>

async function messagesOf(
  queries: InboxQueries,
  orgId: OrgId,
  ticketId: Parameters<InboxQueries['messages']>[1],
  page: PageRequest,
) {
  const found = await queries.messages(orgId, ticketId, 'asc', page)
  if (found === null) throw new Error('a listed ticket is not there')
  return found
}

/** All pages of a list. */
export async function all<T>(read: (page: PageRequest) => Promise<PageOf<T>>): Promise<T[]> {
  const found: T[] = []
  for (let after: PageRequest['after'] = null; ; ) {
    const { data, next } = await read({ limit: 100, after })
    found.push(...data)
    if (next === null) return found
    after = next
  }
}

const sorted = <T>(items: readonly T[]): readonly T[] =>
  items
    .map((item) => [JSON.stringify(item), item] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, item]) => item)
