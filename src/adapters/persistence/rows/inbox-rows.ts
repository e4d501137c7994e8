import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type {
  ChannelId,
  ConversationId,
  CustomerId,
  ExternalUserId,
  MemberId,
  MessageId,
  NotificationId,
  OrgId,
  TicketId,
} from '../../../core/ids.ts'
import type { TicketStatus } from '../../../core/ticket/ticket.ts'
import type { NotificationType } from '../../../ports/views.ts'

/** What deciding about a ticket needs; its derived facts are written by statements of their own. */
export const TicketRow = defineEntity({
  name: 'TicketRow',
  tableName: 'tickets',
  properties: {
    id: p.uuid().$type<TicketId>().primary(),
    orgId: p.uuid().$type<OrgId>(),
    conversationId: p.uuid().$type<ConversationId>(),
    status: p.text().$type<TicketStatus>(),
    resolvedAt: p.datetime(3).nullable(),
    assigneeId: p.uuid().$type<MemberId>().nullable(),
    version: p.integer(),
  },
})
export type TicketRow = InferEntity<typeof TicketRow>

export const CustomerIdentityRow = defineEntity({
  name: 'CustomerIdentityRow',
  tableName: 'customer_identities',
  properties: {
    id: p.uuid().primary(),
    orgId: p.uuid().$type<OrgId>(),
    channelId: p.uuid().$type<ChannelId>(),
    customerId: p.uuid().$type<CustomerId>(),
    externalId: p.text().$type<ExternalUserId>(),
    username: p.text().nullable(),
    usernameAt: p.datetime(3).nullable(),
    name: p.text().nullable(),
    nameAt: p.datetime(3).nullable(),
    pictureUrl: p.text().nullable(),
    profileAt: p.datetime(3).nullable(),
  },
})
export type CustomerIdentityRow = InferEntity<typeof CustomerIdentityRow>

export const NotificationRow = defineEntity({
  name: 'NotificationRow',
  tableName: 'notifications',
  properties: {
    id: p.uuid().$type<NotificationId>().primary(),
    orgId: p.uuid().$type<OrgId>(),
    memberId: p.uuid().$type<MemberId>(),
    type: p.text().$type<NotificationType>(),
    ticketId: p.uuid().$type<TicketId>().nullable(),
    messageId: p.uuid().$type<MessageId>().nullable(),
    channelId: p.uuid().$type<ChannelId>().nullable(),
    readAt: p.datetime(3).nullable(),
    createdAt: p.datetime(3),
  },
})
export type NotificationRow = InferEntity<typeof NotificationRow>
