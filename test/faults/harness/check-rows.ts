import type { Report } from './checker.ts'
import type { Facts } from './facts.ts'

type Row = Readonly<{ orgId: string }>

/** I4, I7: no row without what it belongs to, and none that belongs to another organization's. */
export function checkRows(facts: Facts, report: Report): void {
  const { snapshot, history, homes, messages, conversations, tickets, customers, channels, partsOf } = facts
  const members = new Map(snapshot.members.map((member) => [member.id, member]))
  const belongs = (what: string, row: Row, to: string, owner: Row | undefined) => {
    if (!owner) report('I4', 'unexpected', `${what} has no ${to}`)
    else if (owner.orgId !== row.orgId) report('I7', 'unexpected', `${what} and its ${to} are of two organizations`)
  }
  for (const row of snapshot.messages) {
    belongs(`the message ${row.id}`, row, 'ticket', tickets.get(row.ticketId))
    belongs(`the message ${row.id}`, row, 'conversation', conversations.get(row.conversationId))
    if (partsOf(row).length === 0) report('I4', 'unexpected', `the message ${row.id} has no part`)
  }
  for (const row of snapshot.parts) {
    belongs(`the part ${row.id}`, row, 'message', messages.get(row.messageId))
    belongs(`the part ${row.id}`, row, 'channel', channels.get(row.channelId))
  }
  for (const row of snapshot.tickets) {
    belongs(`the ticket ${row.id}`, row, 'conversation', conversations.get(row.conversationId))
    belongs(`the ticket ${row.id}`, row, 'customer', customers.get(row.customerId))
  }
  for (const row of snapshot.conversations) {
    belongs(`the conversation ${row.id}`, row, 'customer', customers.get(row.customerId))
    belongs(`the conversation ${row.id}`, row, 'channel', channels.get(row.channelId))
  }
  for (const row of snapshot.identities) {
    belongs(`the identity ${row.id}`, row, 'customer', customers.get(row.customerId))
    belongs(`the identity ${row.id}`, row, 'channel', channels.get(row.channelId))
  }
  for (const row of snapshot.customers) belongs(`the customer ${row.id}`, row, 'channel', channels.get(row.channelId))
  for (const row of snapshot.rawEvents) belongs(`the body ${row.id}`, row, 'channel', channels.get(row.channelId))
  for (const row of snapshot.notifications) {
    const message = row.messageId === null ? undefined : messages.get(row.messageId)
    if (message) belongs(`the notification ${row.id}`, row, 'message', message)
    const member = members.get(row.memberId)
    if (member) belongs(`the notification ${row.id}`, row, 'member', member)
  }
  for (const { channelId, orgId } of history.channels) {
    belongs(`the channel ${channelId}`, { orgId }, 'row', channels.get(channelId))
  }
  for (const { where, orgId, body } of snapshot.putAside) {
    const strange = [...homes].filter(([accountId, home]) => home.orgId !== orgId && body.includes(accountId))
    if (orgId !== null && strange.length > 0)
      report('I7', 'unexpected', `${orgId} has a body of another organization's in ${where}`)
  }
}
