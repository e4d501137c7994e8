import 'reflect-metadata'
import { Container } from 'inversify'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { createEventLoopWatch } from './adapters/event-loop-watch.ts'
import {
  createFailpoint,
  jobsWithFailpoints,
  portsWithFailpoints,
  sourceWithFailpoints,
} from './adapters/failpoints/index.ts'
import { guardedFetchModule } from './adapters/guarded-fetch/index.ts'
import { createHistoryMetrics } from './adapters/history-metrics.ts'
import { createOperatorApp, HTTP_APP, type HttpApp, httpModule, type OperatorApp } from './adapters/http/index.ts'
import { createIdSource } from './adapters/ids.ts'
import { instagramModule } from './adapters/instagram/index.ts'
import { createInstallationCounters } from './adapters/installation-counters.ts'
import { createIntakeMetrics } from './adapters/intake-metrics.ts'
import { noMailer } from './adapters/mail/no-mailer.ts'
import { messagingModule, openMessaging } from './adapters/messaging/index.ts'
import {
  claimApiProcess,
  createTroubleCounts,
  openDatabase,
  persistenceModule,
  type Waiting,
  whenThere,
} from './adapters/persistence/index.ts'
import { plainModule } from './adapters/plain/index.ts'
import { readiness } from './adapters/readiness.ts'
import { apiKeySecrets } from './adapters/security/api-key-secrets.ts'
import { isCommonPassword } from './adapters/security/common-passwords.ts'
import { createMediaLinks } from './adapters/security/media-links.ts'
import { oneTimeTokens } from './adapters/security/one-time-tokens.ts'
import { createPasswordHasher } from './adapters/security/password-hasher.ts'
import { createSecretBox } from './adapters/security/secret-box.ts'
import { createSettingsValidator } from './adapters/settings-validator.ts'
import { systemClock } from './adapters/system-clock.ts'
import { createSendCounter, createTroubleMetrics } from './adapters/trouble-metrics.ts'
import type { Config, Secrets } from './config.ts'
import { type Core, createCore } from './core/index.ts'
import { coreSettings } from './core-settings.ts'
import type { AccountBindings } from './ports/account-bindings.ts'
import type { AccountDirectory } from './ports/account-directory.ts'
import type { AccountPace } from './ports/account-pace.ts'
import type { ApiKeyDirectory } from './ports/api-keys.ts'
import type { ChannelAdapter } from './ports/channel-adapter.ts'
import type { ChannelAccounts, ChannelDirectory } from './ports/channel-directory.ts'
import type { ChannelRegistry } from './ports/channel-registry.ts'
import type { TokenPlans } from './ports/channel-tokens.ts'
import type { Clock } from './ports/clock.ts'
import type { CorePorts, CoreSettings } from './ports/core-ports.ts'
import type { InstallationDeadLetters } from './ports/dead-letter-store.ts'
import type { ErasureTraces } from './ports/erasure-store.ts'
import type { EventRelay } from './ports/event-relay.ts'
import type { GuardedClient } from './ports/guarded-client.ts'
import type { Housekeeping } from './ports/housekeeping.ts'
import type { IdSource } from './ports/id-source.ts'
import type { InboxQueries } from './ports/inbox-queries.ts'
import type { Invitations } from './ports/invitations.ts'
import type { JobQueue } from './ports/job-queue.ts'
import type { KeyRotation } from './ports/key-rotation.ts'
import type { Logger } from './ports/logger.ts'
import type { Mailer } from './ports/mailer.ts'
import type { MediaLinks } from './ports/media-links.ts'
import type { OpenDoubts } from './ports/open-doubts.ts'
import type { PasswordHasher } from './ports/password-hasher.ts'
import type { RetentionPlans } from './ports/retention.ts'
import type { SecretBox } from './ports/secret-box.ts'
import type { SendLanes } from './ports/send-store.ts'
import type { SettingsValidator } from './ports/settings-validator.ts'
import type { SweepPlans } from './ports/sweep-plans.ts'
import * as T from './ports/tokens.ts'
import type { UnclaimedEntries } from './ports/unclaimed-entries.ts'
import type { UnitOfWork } from './ports/unit-of-work.ts'
import type { UnreadableBodies } from './ports/unreadable-bodies.ts'
import type { StartableWakeups } from './ports/wakeups.ts'
import type { WebhookIntake, WebhookSource } from './ports/webhook-intake.ts'

export type Composition = Readonly<{
  core: Core
  relay: EventRelay
  source: WebhookSource
  jobs: JobQueue
  wakeups: StartableWakeups
  housekeeping: Housekeeping
  deadLetters: InstallationDeadLetters
  unclaimedEntries: UnclaimedEntries
  keyRotation: KeyRotation
  clock: Clock
  /** Made when first asked for: only the api role needs it. */
  http(): HttpApp
  /** Measures and tells how long the event loop stands still, from now on. */
  watchEventLoop(): { stop(): Promise<void> }
  /** Health and figures for processes without the api role. */
  operator(): OperatorApp
  /** Warns where a second api process counts login attempts and streams by itself; until then it is alone. */
  joinApiProcesses(): Promise<{ stop(): Promise<void> }>
  uses: Config['services']
  close(): Promise<void>
}>

/** The only place that knows every adapter. A new channel is a folder with a module, and a line here. */
export async function compose({
  config,
  secrets,
  log,
  waiting,
}: {
  config: Config
  secrets: Secrets
  log: Logger
  /** Without it a database that is away is an error. */
  waiting?: Waiting
}): Promise<Composition> {
  const failpoint = createFailpoint(config.failpoints, log)
  // Closed in reverse order: at the end, or here, when a later step fails.
  await using opening = new AsyncDisposableStack()
  const database = opening.adopt(await openDatabase({ config, secrets, log, ...(waiting && { waiting }) }), (it) =>
    it.close(),
  )
  const metrics = new Registry()
  collectDefaultMetrics({ register: metrics })
  createTroubleMetrics(metrics, createTroubleCounts(database.systemPool))
  const counted = createSendCounter(metrics)
  const eventLoop = createEventLoopWatch({ metrics, log, limitMs: config.eventLoopLimitMs })
  const messaging = opening.adopt(
    await openMessaging({
      config,
      secrets,
      log,
      clock: systemClock,
      database,
      failpoint,
      metrics: createIntakeMetrics(metrics),
    }),
    (it) => it.close(),
  )
  // A quarter of all there is to load, and without Redis none of it is needed.
  const redisAdapter = secrets.redisUrl === null ? null : await import('./adapters/http/redis.ts')
  const redis = redisAdapter?.connectRedis(secrets.redisUrl ?? '', log) ?? null
  opening.defer(async () => redis?.close())
  const needs = { database, messaging, redis }
  const health = { ready: readiness(needs) }
  const historyMetrics = createHistoryMetrics(metrics)
  const container = new Container({ defaultScope: 'Singleton' })
  // Buffered counts are written while there is still a pool to write them with.
  opening.defer(() => container.unbindAllAsync())
  await container.load(
    instagramModule({
      graphUrl: config.instagramGraphUrl,
      facebookGraphUrl: config.facebookGraphUrl,
      graphVersion: config.metaGraphVersion,
      instagramOauthUrl: config.instagramOauthUrl,
      instagramTokenUrl: config.instagramTokenUrl,
      facebookOauthUrl: config.facebookOauthUrl,
      instagramApp: appOf(config.instagramAppId, secrets.instagramAppSecrets),
      metaApp: appOf(config.metaAppId, secrets.metaAppSecrets),
      appSecrets: [...secrets.instagramAppSecrets, ...secrets.metaAppSecrets],
      verifyToken: secrets.instagramVerifyToken,
    }),
    plainModule({ httpsOnly: config.production }),
    guardedFetchModule({ allowPrivate: config.allowPrivateUrls, publicUrl: config.publicUrl }),
    persistenceModule(database),
    messagingModule(messaging, database, failpoint),
    httpModule({ config, secrets, redis, health, metrics, failpoint }),
  )
  if (redis && redisAdapter)
    (await container.rebind(T.SESSION_RECORDS)).toConstantValue(
      redisAdapter.createRedisSessions(redis, `${config.servicesPrefix}:session:`),
    )
  container.bind<Logger>(T.LOGGER).toConstantValue(log)
  container.bind<Mailer>(T.MAILER).toConstantValue(
    secrets.smtpUrl === null
      ? noMailer
      : (await import('./adapters/mail/smtp-mailer.ts')).createSmtpMailer({
          url: secrets.smtpUrl,
          from: config.smtpFrom,
        }),
  )
  container.bind<Clock>(T.CLOCK).toConstantValue(systemClock)
  container.bind<IdSource>(T.ID_SOURCE).toConstantValue(createIdSource())
  container.bind<PasswordHasher>(T.PASSWORD_HASHER).toResolvedValue(createPasswordHasher)
  container.bind<SecretBox>(T.SECRET_BOX).toResolvedValue(() => createSecretBox(secrets.encryptionKeys))
  container
    .bind<MediaLinks>(T.MEDIA_LINKS)
    .toResolvedValue(() => createMediaLinks(secrets.sessionSecrets, config.publicUrl))
  container.bind<SettingsValidator>(T.SETTINGS_VALIDATOR).toResolvedValue(createSettingsValidator)
  container.bind<CoreSettings>(T.CORE_SETTINGS).toConstantValue(coreSettings(config, secrets))
  container
    .bind<ChannelRegistry>(T.CHANNEL_REGISTRY)
    .toResolvedValue(
      (found: ChannelAdapter[]) => createRegistry(found.map(counted)),
      [{ serviceIdentifier: T.CHANNEL_ADAPTER, isMultiple: true }],
    )
  container.bind<Core>(T.CORE).toResolvedValue(() => {
    const ports: CorePorts = {
      accountBindings: container.get<AccountBindings>(T.ACCOUNT_BINDINGS),
      accountPace: container.get<AccountPace>(T.ACCOUNT_PACE),
      erasureTraces: container.get<ErasureTraces>(T.ERASURE_TRACES),
      accounts: container.get<AccountDirectory>(T.ACCOUNT_DIRECTORY),
      apiKeys: container.get<ApiKeyDirectory>(T.API_KEYS),
      apiKeySecrets,
      channelAccounts: container.get<ChannelAccounts>(T.CHANNEL_ACCOUNTS),
      channelDirectory: container.get<ChannelDirectory>(T.CHANNEL_DIRECTORY),
      channelRegistry: container.get<ChannelRegistry>(T.CHANNEL_REGISTRY),
      clock: container.get<Clock>(T.CLOCK),
      gapsFound: historyMetrics.gapsFound,
      guardedClient: container.get<GuardedClient>(T.GUARDED_CLIENT),
      ids: container.get<IdSource>(T.ID_SOURCE),
      intake: container.get<WebhookIntake>(T.WEBHOOK_INTAKE),
      invitations: container.get<Invitations>(T.INVITATIONS),
      isCommonPassword,
      log,
      mailer: container.get<Mailer>(T.MAILER),
      installationCounters: createInstallationCounters(metrics),
      mediaLinks: container.get<MediaLinks>(T.MEDIA_LINKS),
      oneTimeTokens,
      passwordHasher: container.get<PasswordHasher>(T.PASSWORD_HASHER),
      queries: container.get<InboxQueries>(T.INBOX_QUERIES),
      openDoubts: container.get<OpenDoubts>(T.OPEN_DOUBTS),
      sendLanes: container.get<SendLanes>(T.SEND_LANES),
      settings: container.get<CoreSettings>(T.CORE_SETTINGS),
      retentionPlans: container.get<RetentionPlans>(T.RETENTION_PLANS),
      sweepPlans: container.get<SweepPlans>(T.SWEEP_PLANS),
      tokenPlans: container.get<TokenPlans>(T.TOKEN_PLANS),
      settingsValidator: container.get<SettingsValidator>(T.SETTINGS_VALIDATOR),
      unclaimedEntries: container.get<UnclaimedEntries>(T.UNCLAIMED_ENTRIES),
      unreadableBodies: container.get<UnreadableBodies>(T.UNREADABLE_BODIES),
      unitOfWork: container.get<UnitOfWork>(T.UNIT_OF_WORK),
      wakeups: messaging.wakeups,
    }
    return createCore(failpoint ? portsWithFailpoints(ports, failpoint) : ports)
  })
  const source = container.get<WebhookSource>(T.WEBHOOK_SOURCE)
  const jobs = container.get<JobQueue>(T.JOB_QUEUE)
  const composition = {
    core: container.get<Core>(T.CORE),
    relay: container.get<EventRelay>(T.EVENT_RELAY),
    source: failpoint ? sourceWithFailpoints(source, failpoint) : source,
    jobs: failpoint ? jobsWithFailpoints(jobs, failpoint) : jobs,
    wakeups: messaging.wakeups,
    deadLetters: messaging.deadLetters,
    unclaimedEntries: container.get<UnclaimedEntries>(T.UNCLAIMED_ENTRIES),
    keyRotation: container.get<KeyRotation>(T.KEY_ROTATION),
    housekeeping: container.get<Housekeeping>(T.HOUSEKEEPING),
    clock: systemClock,
    http: () => container.get<HttpApp>(HTTP_APP),
    watchEventLoop() {
      eventLoop.start()
      return eventLoop
    },
    // A worker can do nothing while one of them is away.
    operator: () =>
      createOperatorApp({
        health: { ready: readiness(needs, { allNeeded: true }) },
        clock: systemClock,
        metrics,
        metricsToken: secrets.metricsToken,
        publicUrl: config.publicUrl,
      }),
    async joinApiProcesses() {
      if (redis) return { stop: async () => {} }
      // The database may be gone again since it was opened.
      const claim = await whenThere(() => claimApiProcess(database.direct), { waiting, log })
      if (!claim.isFirst) {
        log.warn(
          {},
          'another api process runs without Redis: each limits logins by itself. Set REDIS_URL to count together.',
        )
      }
      return { stop: claim.release }
    },
    uses: config.services,
  }
  const opened = opening.move()
  return { ...composition, close: () => opened.disposeAsync() }
}

function createRegistry(adapters: ChannelAdapter[]): ChannelRegistry {
  const byType = new Map(adapters.map((adapter) => [adapter.type, adapter]))
  return { types: [...byType.keys()].sort(), get: (type) => byType.get(type) ?? null }
}

const appOf = (id: string | null, [secret]: readonly string[]) =>
  id === null || secret === undefined ? null : { id, secret }
