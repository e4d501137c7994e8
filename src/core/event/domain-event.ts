import type { ChannelId, CustomerId, MemberId, MessageId, NotificationId, TicketId } from '../ids.ts'

export type EventType =
  | 'ticket.created'
  | 'ticket.status_changed'
  | 'ticket.reopened'
  | 'ticket.updated'
  | 'ticket.assigned'
  | 'message.created'
  | 'message.status_changed'
  | 'message.delivery_unconfirmed'
  | 'message.edited'
  | 'message.deleted'
  | 'message.reaction_added'
  | 'message.reaction_removed'
  | 'message.reaction_status_changed'
  | 'customer.created'
  | 'customer.updated'
  | 'customer.opted_in'
  | 'customer.opted_out'
  | 'customer.exported'
  | 'customer.erased'
  | 'notification.created'
  | 'channel.health_changed'
  | 'member.joined'
  | 'member.updated'
  | 'member.removed'

export type EventActor = Readonly<{ type: 'CUSTOMER' | 'MEMBER' | 'EXTERNAL' | 'SYSTEM'; id: string | null }>

/**
 * Something happened. Written in the transaction of the change; ids and changed facts only, never message text: the resource
 * is read when the event is delivered, so that an unsend reaches every reader.
 */
export type DomainEvent = Readonly<{
  type: EventType
  actor: EventActor
  resource:
    | Readonly<{ type: 'ticket'; id: TicketId }>
    | Readonly<{ type: 'message'; id: MessageId }>
    | Readonly<{ type: 'customer'; id: CustomerId }>
    | Readonly<{ type: 'notification'; id: NotificationId }>
    | Readonly<{ type: 'channel'; id: ChannelId }>
    | Readonly<{ type: 'member'; id: MemberId }>
  ticketId: TicketId | null
  /** Only this member may see it. */
  recipientId?: MemberId
  /** Changed facts, for example `{ from: 'OPEN', to: 'RESOLVED' }`. */
  data?: Readonly<Record<string, string | number | boolean | null>>
  requestId: string | null
}>
