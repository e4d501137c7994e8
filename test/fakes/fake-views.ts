import { randomUUID } from 'node:crypto'
import { NOTHING } from '../../src/core/channel/capabilities.ts'
import type {
  ChannelId,
  CustomerId,
  ErasureId,
  ExportId,
  ImportId,
  MemberId,
  MessageId,
  NotificationId,
  OrgId,
  PartId,
  RawEventId,
  TicketId,
} from '../../src/core/ids.ts'
import type {
  ChannelView,
  CustomerView,
  ErasureView,
  EventView,
  ExportView,
  ImportView,
  MessageView,
  NotificationView,
  RawEventView,
  TicketView,
} from '../../src/ports/views.ts'

const at = new Date('2026-11-22T08:00:00.120Z')
const id = <T extends string>(): T => randomUUID() as T

/** Views with everything filled in; a test names only what matters to it. */
export const aChannelView = (orgId: OrgId, overrides: Partial<ChannelView> = {}): ChannelView => ({
  id: id<ChannelId>(),
  orgId,
  type: 'INSTAGRAM',
  platform: 'INSTAGRAM',
  name: 'Instagram Business Account',
  status: 'ACTIVE',
  config: { pageId: '17841400000000000' },
  secretsSet: ['accessToken', 'appSecret'],
  retentionDays: null,
  isBound: false,
  proof: { doubtedAt: null, provenAt: null },
  health: {
    lastInboundAt: null,
    lastOutboundAt: null,
    lastError: null,
    lastErrorAt: null,
    pausedUntil: null,
    pauseReason: null,
    badSignatures: 0,
    unroutable: 0,
    quarantined: 0,
    unknown: 0,
    lastImport: null,
    tokenExpiresAt: null,
    missingPermissions: null,
    subscribingSince: null,
    gaps: { lastSweepAt: null, checked: 0, found: 0, lastFoundAt: null },
  },
  createdAt: at,
  updatedAt: at,
  version: 1,
  ...overrides,
})

export const anImportView = (channelId: ChannelId, overrides: Partial<ImportView> = {}): ImportView => ({
  id: id<ImportId>(),
  channelId,
  state: 'RUNNING',
  since: at,
  maxConversations: 500,
  conversations: 0,
  checked: 0,
  imported: 0,
  failure: null,
  requestedAt: at,
  updatedAt: at,
  finishedAt: null,
  ...overrides,
})

export const anErasureView = (customerId: CustomerId, overrides: Partial<ErasureView> = {}): ErasureView => ({
  id: id<ErasureId>(),
  customerId,
  state: 'REQUESTED',
  removed: { tickets: 0, messages: 0, bodies: 0 },
  requestedAt: at,
  erasedAt: null,
  finishedAt: null,
  ...overrides,
})

export const anExportView = (customerId: CustomerId, overrides: Partial<ExportView> = {}): ExportView => ({
  id: id<ExportId>(),
  customerId,
  state: 'PENDING',
  tickets: 0,
  messages: 0,
  bytes: 0,
  failure: null,
  requestedAt: at,
  finishedAt: null,
  expiresAt: null,
  ...overrides,
})

export const aCustomerView = (orgId: OrgId, overrides: Partial<CustomerView> = {}): CustomerView => ({
  id: id<CustomerId>(),
  orgId,
  platform: 'INSTAGRAM',
  channelId: id<ChannelId>(),
  externalId: '1254459154682919',
  username: 'john.doe',
  displayName: 'John Doe',
  pictureUrl: null,
  referrals: { first: null, last: null },
  createdAt: at,
  lastSeenAt: at,
  ...overrides,
})

export const aTicketView = (orgId: OrgId, overrides: Partial<TicketView> = {}): TicketView => ({
  id: id<TicketId>(),
  number: 1042,
  orgId,
  channelId: id<ChannelId>(),
  customerId: id<CustomerId>(),
  platform: 'INSTAGRAM',
  kind: 'DM',
  status: 'OPEN',
  assigneeId: null,
  window: { state: 'OPEN', closesAt: at, humanAgentUntil: null, reason: 'customer message' },
  capabilities: { ...NOTHING, text: { maxBytes: 1_000, split: true }, maxParts: 25 },
  context: null,
  referrals: { first: null, last: null },
  threadOwner: null,
  unreadCount: 1,
  lastMessageAt: at,
  lastMessagePreview: 'Hello!',
  previousTicketId: null,
  linkedTicketId: null,
  createdAt: at,
  updatedAt: at,
  version: 1,
  ...overrides,
})

export const aMessageView = (orgId: OrgId, ticketId: TicketId, overrides: Partial<MessageView> = {}): MessageView => ({
  id: id<MessageId>(),
  orgId,
  ticketId,
  linkedTicketId: null,
  direction: 'OUTBOUND',
  audience: 'PRIVATE',
  hidden: false,
  kind: 'TEXT',
  content: 'Thank you for reaching out!',
  attachments: [],
  parts: [
    {
      id: id<PartId>(),
      position: 0,
      kind: 'TEXT',
      content: 'Thank you for reaching out!',
      attachment: null,
      quickReplies: [],
      template: null,
      sticker: null,
      status: 'QUEUED',
      failure: null,
      externalId: null,
      sentAt: null,
      deletedAt: null,
    },
  ],
  context: null,
  reactions: [],
  actions: [],
  resendOf: null,
  resentAs: null,
  author: { type: 'MEMBER', id: randomUUID(), name: 'Some Body' },
  via: 'API',
  status: 'QUEUED',
  failure: null,
  externalId: null,
  replyToExternalId: null,
  clientMessageId: null,
  sentAt: at,
  createdAt: at,
  editedAt: null,
  deletedAt: null,
  verified: true,
  historical: false,
  ...overrides,
})

export const aNotificationView = (orgId: OrgId, overrides: Partial<NotificationView> = {}): NotificationView => ({
  id: id<NotificationId>(),
  orgId,
  type: 'TICKET_NEW_UNASSIGNED',
  ticketId: id<TicketId>(),
  messageId: id<MessageId>(),
  channelId: null,
  read: false,
  createdAt: at,
  ...overrides,
})

export const anEventView = (orgId: OrgId, seq: number, overrides: Partial<EventView> = {}): EventView => {
  const ticket = aTicketView(orgId)
  return {
    id: randomUUID(),
    seq,
    type: 'ticket.created',
    occurredAt: at,
    orgId,
    actor: { type: 'CUSTOMER', id: randomUUID() },
    resource: { type: 'ticket', id: ticket.id },
    ticketId: ticket.id,
    changes: {},
    data: ticket,
    requestId: 'request-0001',
    ...overrides,
  }
}

export const aMemberId = (): MemberId => id<MemberId>()

export const aRawEventView = (channelId: ChannelId, overrides: Partial<RawEventView> = {}): RawEventView => ({
  id: id<RawEventId>(),
  channelId,
  status: 'QUARANTINED',
  reason: 'unreadable',
  verified: true,
  requestId: 'a-request',
  bytes: 2,
  messages: 0,
  receivedAt: at,
  processedAt: at,
  ...overrides,
})
