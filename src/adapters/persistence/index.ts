import { ContainerModule } from 'inversify'
import type { AccountBindings } from '../../ports/account-bindings.ts'
import type { AccountDirectory } from '../../ports/account-directory.ts'
import type { AccountPace } from '../../ports/account-pace.ts'
import type { ApiKeyDirectory, ApiKeyQueries } from '../../ports/api-keys.ts'
import type { ChannelAccounts, ChannelDirectory } from '../../ports/channel-directory.ts'
import type { ChannelRegistry } from '../../ports/channel-registry.ts'
import type { TokenPlans } from '../../ports/channel-tokens.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ErasureTraces } from '../../ports/erasure-store.ts'
import type { Housekeeping } from '../../ports/housekeeping.ts'
import type { IdSource } from '../../ports/id-source.ts'
import type { EventFeed, InboxQueries } from '../../ports/inbox-queries.ts'
import type { Invitations } from '../../ports/invitations.ts'
import type { KeyRotation } from '../../ports/key-rotation.ts'
import type { OpenDoubts } from '../../ports/open-doubts.ts'
import type { RetentionPlans } from '../../ports/retention.ts'
import type { SecretBox } from '../../ports/secret-box.ts'
import type { SendLanes } from '../../ports/send-store.ts'
import type { SessionRecords } from '../../ports/session-records.ts'
import type { SweepPlans } from '../../ports/sweep-plans.ts'
import * as T from '../../ports/tokens.ts'
import type { UnclaimedEntries } from '../../ports/unclaimed-entries.ts'
import type { UnitOfWork } from '../../ports/unit-of-work.ts'
import type { UnreadableBodies } from '../../ports/unreadable-bodies.ts'
import type { UploadQueries } from '../../ports/upload-store.ts'
import { createAccountBindings } from './account-bindings.ts'
import { createAccountDirectory } from './account-directory.ts'
import { createAccountPace } from './account-pace.ts'
import { createApiKeyDirectory, createApiKeyQueries } from './api-keys.ts'
import { createCachedChannelDirectory } from './cached-channel-directory.ts'
import { createChannelAccounts } from './channel-accounts.ts'
import { type ClosableChannelDirectory, createChannelDirectory } from './channel-directory.ts'
import { createErasureTraces } from './erasure-traces.ts'
import { createEventFeed } from './event-feed.ts'
import { createHousekeeping } from './housekeeping.ts'
import { createInboxQueries } from './inbox-queries.ts'
import { createInvitations } from './invitations.ts'
import { createKeyRotation } from './key-rotation.ts'
import type { OpenDatabase } from './open-database.ts'
import { createOpenDoubts } from './open-doubts.ts'
import { createRetentionPlans } from './retention-plans.ts'
import { createSendLanes } from './send-lanes.ts'
import { createSessionRecords } from './session-store.ts'
import { storesWith } from './stores/index.ts'
import { createSweepPlans } from './sweep-plans.ts'
import { createTokenPlans } from './token-plans.ts'
import { createUnclaimedEntries } from './unclaimed-entries.ts'
import { createUnitOfWork } from './unit-of-work.ts'
import { createUnreadableBodies } from './unreadable-bodies.ts'
import { createUploadQueries } from './upload-queries.ts'

export { type OpenDatabase, openDatabase, pushDatabase } from './open-database.ts'
export { claimApiProcess } from './process-claim.ts'
export { createTroubleCounts } from './trouble-counts.ts'
export { type Waiting, whenThere } from './when-there.ts'

export const persistenceModule = ({ orm, systemPool: pool }: OpenDatabase) =>
  new ContainerModule(({ bind }) => {
    bind<UnitOfWork>(T.UNIT_OF_WORK)
      .toResolvedValue(
        (ids: IdSource, secretBox: SecretBox) => createUnitOfWork({ orm, makeStores: storesWith({ ids, secretBox }) }),
        [T.ID_SOURCE, T.SECRET_BOX],
      )
      .inSingletonScope()
    bind<ChannelDirectory>(T.CHANNEL_DIRECTORY)
      .toResolvedValue(
        (secretBox: SecretBox, registry: ChannelRegistry, clock: Clock) =>
          createCachedChannelDirectory(createChannelDirectory({ pool, secretBox, registry }), { clock }),
        [T.SECRET_BOX, T.CHANNEL_REGISTRY, T.CLOCK],
      )
      .inSingletonScope()
      .onDeactivation((directory) => (directory as ClosableChannelDirectory).close())
    bind<ChannelAccounts>(T.CHANNEL_ACCOUNTS)
      .toResolvedValue((secretBox: SecretBox) => createChannelAccounts({ orm, secretBox }), [T.SECRET_BOX])
      .inSingletonScope()
    bind<InboxQueries>(T.INBOX_QUERIES)
      .toResolvedValue(
        (registry: ChannelRegistry, clock: Clock) =>
          createInboxQueries({ orm, clock, capabilitiesOf: capabilitiesOf(registry) }),
        [T.CHANNEL_REGISTRY, T.CLOCK],
      )
      .inSingletonScope()
    bind<EventFeed>(T.EVENT_FEED)
      .toResolvedValue(
        (registry: ChannelRegistry, clock: Clock) =>
          createEventFeed({ orm, clock, capabilitiesOf: capabilitiesOf(registry) }),
        [T.CHANNEL_REGISTRY, T.CLOCK],
      )
      .inSingletonScope()
    bind<UploadQueries>(T.UPLOAD_QUERIES)
      .toResolvedValue((clock: Clock) => createUploadQueries({ orm, clock }), [T.CLOCK])
      .inSingletonScope()
    bind<AccountDirectory>(T.ACCOUNT_DIRECTORY)
      .toResolvedValue(() => createAccountDirectory({ orm }))
      .inSingletonScope()
    bind<Invitations>(T.INVITATIONS)
      .toResolvedValue((ids: IdSource) => createInvitations({ orm, ids }), [T.ID_SOURCE])
      .inSingletonScope()
    bind<ApiKeyDirectory>(T.API_KEYS).toConstantValue(createApiKeyDirectory({ orm }))
    bind<ApiKeyQueries>(T.API_KEY_QUERIES).toConstantValue(createApiKeyQueries({ orm }))
    bind<AccountBindings>(T.ACCOUNT_BINDINGS).toConstantValue(createAccountBindings({ pool }))
    bind<UnclaimedEntries>(T.UNCLAIMED_ENTRIES).toConstantValue(createUnclaimedEntries({ orm }))
    bind<UnreadableBodies>(T.UNREADABLE_BODIES)
      .toResolvedValue((ids: IdSource) => createUnreadableBodies({ pool, ids }), [T.ID_SOURCE])
      .inSingletonScope()
    bind<KeyRotation>(T.KEY_ROTATION)
      .toResolvedValue(
        (ids: IdSource, secretBox: SecretBox) => createKeyRotation({ orm, ids, secretBox }),
        [T.ID_SOURCE, T.SECRET_BOX],
      )
      .inSingletonScope()
    bind<ErasureTraces>(T.ERASURE_TRACES).toConstantValue(createErasureTraces({ orm }))
    bind<AccountPace>(T.ACCOUNT_PACE).toConstantValue(createAccountPace(pool))
    bind<RetentionPlans>(T.RETENTION_PLANS).toConstantValue(createRetentionPlans(pool))
    bind<SweepPlans>(T.SWEEP_PLANS).toConstantValue(createSweepPlans(pool))
    bind<TokenPlans>(T.TOKEN_PLANS).toConstantValue(createTokenPlans(pool))
    bind<OpenDoubts>(T.OPEN_DOUBTS).toConstantValue(createOpenDoubts(pool))
    bind<SendLanes>(T.SEND_LANES).toConstantValue(createSendLanes(pool))
    bind<Housekeeping>(T.HOUSEKEEPING).toConstantValue(createHousekeeping(pool))
    bind<SessionRecords>(T.SESSION_RECORDS).toConstantValue(createSessionRecords({ pool }))
  })

const capabilitiesOf = (registry: ChannelRegistry) => (type: string) => registry.get(type)?.capabilities ?? null
