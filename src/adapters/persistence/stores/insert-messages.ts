import type { ChannelId } from '../../../core/ids.ts'
import type { IdSource } from '../../../ports/id-source.ts'
import type { NewMessage, NewNotification, NewTicket } from '../../../ports/intake-store.ts'
import type { Tx } from '../transaction.ts'
import { insertRows } from './insert-rows.ts'

/** Numbers come from the organization's counter: the row that everybody wants, so it is taken last and held shortest. */
export async function insertTickets(tx: Tx, channelId: ChannelId, tickets: readonly NewTicket[]): Promise<void> {
  if (tickets.length === 0) return
  const [counter] = await tx.rows<{ last_number: string; platform: string }>(
    `update ticket_counters t set last_number = last_number + $3 from channels c
     where t.org_id = $1 and c.org_id = $1 and c.id = $2 returning t.last_number, c.platform`,
    [tx.orgId, channelId, tickets.length],
  )
  if (!counter) throw new Error('the organization has no ticket counter')
  const first = BigInt(counter.last_number) - BigInt(tickets.length) + 1n
  insertRows(
    tx,
    'tickets',
    {
      id: 'uuid',
      org_id: 'uuid',
      number: 'bigint',
      channel_id: 'uuid',
      customer_id: 'uuid',
      conversation_id: 'uuid',
      platform: 'text',
      kind: 'text',
      status: 'text',
      context: 'jsonb',
      previous_ticket_id: 'uuid',
      last_message_at: 'timestamptz(3)',
    },
    tickets.map((ticket, index) => ({
      id: ticket.id,
      org_id: tx.orgId,
      number: String(first + BigInt(index)),
      channel_id: channelId,
      customer_id: ticket.customerId,
      conversation_id: ticket.conversationId,
      platform: counter.platform,
      kind: ticket.kind,
      status: ticket.status,
      context: ticket.context,
      previous_ticket_id: ticket.previousTicketId,
      last_message_at: ticket.at,
    })),
  )
}

export function insertMessages(tx: Tx, ids: IdSource, channelId: ChannelId, messages: readonly NewMessage[]): void {
  insertRows(
    tx,
    'messages',
    {
      id: 'uuid',
      org_id: 'uuid',
      ticket_id: 'uuid',
      conversation_id: 'uuid',
      direction: 'text',
      kind: 'text',
      content: 'text',
      context: 'jsonb',
      author_type: 'text',
      via: 'text',
      status: 'text',
      external_id: 'text',
      reply_to_external_id: 'text',
      request_id: 'text',
      verified: 'boolean',
      sent_at: 'timestamptz(3)',
      deleted_at: 'timestamptz(3)',
      edited_at: 'timestamptz(3)',
      edit_revision: 'int',
      historical: 'boolean',
      elsewhere: 'boolean',
    },
    messages.map((message) => ({
      id: message.id,
      org_id: tx.orgId,
      ticket_id: message.ticketId,
      conversation_id: message.conversationId,
      direction: message.direction,
      kind: message.kind,
      content: message.content,
      context: message.context,
      author_type: message.authorType,
      via: message.via,
      status: message.status,
      external_id: message.externalId,
      reply_to_external_id: message.replyToExternalId,
      request_id: message.requestId,
      verified: message.verified,
      sent_at: message.sentAt,
      deleted_at: message.deletedAt,
      edited_at: message.edit?.at ?? null,
      edit_revision: message.edit?.revision ?? 0,
      historical: message.historical,
      elsewhere: message.elsewhere,
    })),
  )
  // Unique by (channel, external id) for ever: a repeat that slipped past the look-up fails here, and the batch runs again.
  insertRows(
    tx,
    'message_parts',
    {
      id: 'uuid',
      org_id: 'uuid',
      message_id: 'uuid',
      channel_id: 'uuid',
      position: 'int',
      external_id: 'text',
      status: 'text',
      raw_event_id: 'uuid',
    },
    messages.map((message) => ({
      id: message.partId,
      org_id: tx.orgId,
      message_id: message.id,
      channel_id: channelId,
      position: 0,
      external_id: message.externalId,
      status: message.status,
      raw_event_id: message.rawEventId,
    })),
  )
  insertRows(
    tx,
    'attachments',
    {
      id: 'uuid',
      org_id: 'uuid',
      message_id: 'uuid',
      position: 'int',
      type: 'text',
      url: 'text',
      title: 'text',
      platform_type: 'text',
    },
    messages.flatMap((message) =>
      message.attachments.map((attachment, position) => ({
        id: ids.next(),
        org_id: tx.orgId,
        message_id: message.id,
        position,
        type: attachment.type,
        url: attachment.url,
        title: attachment.title,
        platform_type: attachment.platformType,
      })),
    ),
  )
}

export const insertNotifications = (tx: Tx, notifications: readonly NewNotification[]): void =>
  insertRows(
    tx,
    'notifications',
    { id: 'uuid', org_id: 'uuid', member_id: 'uuid', type: 'text', ticket_id: 'uuid', message_id: 'uuid' },
    notifications.map(({ id, memberId, type, ticketId, messageId }) => ({
      id,
      org_id: tx.orgId,
      member_id: memberId,
      type,
      ticket_id: ticketId,
      message_id: messageId,
    })),
  )
