import type { IdSource } from '../../../ports/id-source.ts'
import type { SecretBox } from '../../../ports/secret-box.ts'
import type { Stores } from '../../../ports/unit-of-work.ts'
import { holdCount } from '../organization-counts.ts'
import type { Tx } from '../transaction.ts'
import { createAccountBindingStore } from './account-binding-store.ts'
import { createApiKeyStore } from './api-key-store.ts'
import { createAuditLog } from './audit-log.ts'
import { createChannelStore } from './channel-store.ts'
import { createChannelTokenStore } from './channel-token-store.ts'
import { createConnectStore } from './connect-store.ts'
import { createCustomerStore } from './customer-store.ts'
import { createDeadLetterStore } from './dead-letter-store.ts'
import { createDoubtStore } from './doubt-store.ts'
import { createErasureStore } from './erasure-store.ts'
import { createExportStore } from './export-store.ts'
import { createHistoryStore } from './history-store.ts'
import { createIdempotencyStore } from './idempotency-store.ts'
import { createIntakeStore } from './intake-store.ts'
import { createInvitationStore } from './invitation-store.ts'
import { createMediaStore } from './media-store.ts'
import { createMemberStore } from './member-store.ts'
import { createNotificationStore } from './notification-store.ts'
import { createOutbox } from './outbox.ts'
import { createOwnReactionStore } from './own-reaction-store.ts'
import { createPaceStore } from './pace-store.ts'
import { createRawEventStore } from './raw-event-store.ts'
import { createRetentionStore } from './retention-store.ts'
import { createSendStore } from './send-store.ts'
import { createTicketStore } from './ticket-store.ts'
import { createUnsubscriptionStore } from './unsubscription-store.ts'
import { createUploadStore } from './upload-store.ts'

export type StoreDeps = Readonly<{ ids: IdSource; secretBox: SecretBox }>

/** Everything that writes for an organization, bound to one transaction. */
export const storesWith =
  (deps: StoreDeps) =>
  (tx: Tx): Stores => ({
    tickets: createTicketStore(tx),
    bindings: createAccountBindingStore(tx, deps),
    unsubscriptions: createUnsubscriptionStore(tx, deps),
    channels: createChannelStore(tx, deps),
    tokens: createChannelTokenStore(tx),
    connects: createConnectStore(tx, deps),
    customers: createCustomerStore(tx),
    erasures: createErasureStore(tx, deps),
    exports: createExportStore(tx, deps),
    intake: createIntakeStore(tx, deps),
    media: createMediaStore(tx),
    rawEvents: createRawEventStore(tx, deps),
    retention: createRetentionStore(tx),
    deadLetters: createDeadLetterStore(tx),
    history: createHistoryStore(tx, deps),
    sends: createSendStore(tx, deps),
    pace: createPaceStore(tx),
    doubts: createDoubtStore(tx, deps),
    ownReactions: createOwnReactionStore(tx, deps),
    members: createMemberStore(tx),
    invitations: createInvitationStore(tx),
    apiKeys: createApiKeyStore(tx),
    counts: { hold: (what, now) => holdCount(tx, tx.orgId, what, now) },
    notifications: createNotificationStore(tx, deps),
    uploads: createUploadStore(tx),
    idempotency: createIdempotencyStore(tx),
    outbox: createOutbox(tx, deps),
    audit: createAuditLog(tx, deps),
  })
