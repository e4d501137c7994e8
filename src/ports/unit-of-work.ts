import type { AuditAction } from '../core/audit/audit-actions.ts'
import type { DomainEvent } from '../core/event/domain-event.ts'
import type { OrgId } from '../core/ids.ts'
import type { AccountBindingStore } from './account-bindings.ts'
import type { ApiKeyStore } from './api-keys.ts'
import type { ChannelStore } from './channel-store.ts'
import type { ChannelTokenStore } from './channel-tokens.ts'
import type { ConnectStore } from './connect-store.ts'
import type { CustomerStore } from './customer-store.ts'
import type { DeadLetterStore } from './dead-letter-store.ts'
import type { DoubtStore } from './doubt-store.ts'
import type { ErasureStore } from './erasure-store.ts'
import type { ExportStore } from './export-store.ts'
import type { HistoryStore } from './history-store.ts'
import type { IdempotencyStore } from './idempotency-store.ts'
import type { IntakeStore } from './intake-store.ts'
import type { InvitationStore } from './invitations.ts'
import type { MediaStore } from './media-store.ts'
import type { MemberStore } from './member-store.ts'
import type { NotificationStore } from './notification-store.ts'
import type { OrganizationCounts } from './organization-counts.ts'
import type { OwnReactionStore } from './own-reaction-store.ts'
import type { PaceStore } from './pace-store.ts'
import type { RawEventStore } from './raw-event-store.ts'
import type { RetentionStore } from './retention.ts'
import type { SendStore } from './send-store.ts'
import type { TicketStore } from './ticket-store.ts'
import type { UnsubscriptionStore } from './unsubscription-store.ts'
import type { UploadStore } from './upload-store.ts'

/** Writing stores exist only inside `run`, bound to the organization and the transaction, so neither can be forgotten. */
export type Stores = Readonly<{
  tickets: TicketStore
  channels: ChannelStore
  tokens: ChannelTokenStore
  bindings: AccountBindingStore
  unsubscriptions: UnsubscriptionStore
  connects: ConnectStore
  customers: CustomerStore
  erasures: ErasureStore
  exports: ExportStore
  intake: IntakeStore
  media: MediaStore
  rawEvents: RawEventStore
  retention: RetentionStore
  deadLetters: DeadLetterStore
  history: HistoryStore
  sends: SendStore
  pace: PaceStore
  doubts: DoubtStore
  ownReactions: OwnReactionStore
  members: MemberStore
  invitations: InvitationStore
  apiKeys: ApiKeyStore
  counts: OrganizationCounts
  notifications: NotificationStore
  uploads: UploadStore
  idempotency: IdempotencyStore
  outbox: Outbox
  audit: AuditLog
}>

export interface Outbox {
  /** Written in the same transaction as the change they tell of. */
  append(events: readonly DomainEvent[]): Promise<void>
}

export interface AuditLog {
  record(entry: {
    actorType: 'MEMBER' | 'SYSTEM'
    actorId: string | null
    action: AuditAction
    resourceType: string
    resourceId: string | null
    requestId: string | null
  }): Promise<void>
}

export interface UnitOfWork {
  /**
   * One transaction as `dc_app`, bound to the organization by row-level security. Runs `work` again, up to 5 times with
   * jitter, when the database asks for it (40P01, 40001), so `work` must do nothing but use its stores. No network inside.
   */
  run<T>(orgId: OrgId, work: (stores: Stores) => Promise<T>): Promise<T>
}
