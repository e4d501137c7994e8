import { createHmac } from 'node:crypto'
import { ContainerModule } from 'inversify'
import type { Registry } from 'prom-client'
import type { Failpoint } from '../../config/failpoints.ts'
import type { Config, Secrets } from '../../config.ts'
import type { Core } from '../../core/index.ts'
import type { AccountDirectory } from '../../ports/account-directory.ts'
import type { ApiKeyQueries } from '../../ports/api-keys.ts'
import type { ChannelRegistry } from '../../ports/channel-registry.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EventFeed, InboxQueries } from '../../ports/inbox-queries.ts'
import type { Invitations } from '../../ports/invitations.ts'
import type { Logger } from '../../ports/logger.ts'
import type { MediaLinks } from '../../ports/media-links.ts'
import type { SessionRecords } from '../../ports/session-records.ts'
import * as T from '../../ports/tokens.ts'
import type { UploadQueries } from '../../ports/upload-store.ts'
import type { Wakeups } from '../../ports/wakeups.ts'
import { createHttpApp, type HttpApp } from './app.ts'
import type { HttpDeps } from './http-deps.ts'
import { createRateLimits } from './rate-limits.ts'
import type { RedisConnection } from './redis.ts'
import { signingSecret } from './signing-secret.ts'

export type { HttpApp } from './app.ts'
export { createOperatorApp, type OperatorApp } from './operator-app.ts'
export { createStartingApp } from './starting-app.ts'
export const HTTP_APP = Symbol.for('delightchat/HttpApp')

export type HttpModuleOptions = Readonly<{
  config: Config
  secrets: Secrets
  /** Null where sessions and limits are kept without Redis. */
  redis: RedisConnection | null
  health: HttpDeps['health']
  metrics: Registry
  failpoint: Failpoint | null
}>

const HOUR_MS = 3_600_000
/** In ten minutes. On a laptop all are of one network. */
const SIGN_UPS_OF_NETWORK = 20

export const httpModule = ({ config, secrets, redis, health, metrics, failpoint }: HttpModuleOptions) =>
  new ContainerModule(({ bind }) => {
    bind<HttpApp>(HTTP_APP)
      .toResolvedValue(
        (
          core: Core,
          queries: InboxQueries,
          feed: EventFeed,
          accounts: AccountDirectory,
          invitations: Invitations,
          registry: ChannelRegistry,
          wakeups: Wakeups,
          clock: Clock,
          log: Logger,
          sessions: SessionRecords,
          uploads: UploadQueries,
          mediaLinks: MediaLinks,
          apiKeys: ApiKeyQueries,
        ): HttpApp =>
          createHttpApp({
            core,
            queries,
            feed,
            accounts,
            invitations,
            registry,
            wakeups,
            clock,
            log,
            sessions,
            uploads,
            mediaLinks,
            apiKeys,
            rateLimits: createRateLimits(redis, `${config.servicesPrefix}:limit`, {
              calls: config.apiCalls,
              sends: config.sends,
              signUps: config.production ? SIGN_UPS_OF_NETWORK : 0,
            }),
            health,
            metrics,
            failpoint,
            config: {
              publicUrl: config.publicUrl,
              trustProxy: config.trustProxyHops,
              production: config.production,
              sessionTtlMs: config.sessionTtlHours * HOUR_MS,
              sessionIdleMs: config.sessionIdleHours * HOUR_MS,
              exposeDocs: true,
              answerChecks: config.environment === 'test' ? 'throw' : config.production ? 'off' : 'log',
            },
            secrets: {
              sessionSecrets: secrets.sessionSecrets,
              metricsToken: secrets.metricsToken,
              cursorKey: cursorKey(secrets),
            },
          }),
        [
          T.CORE,
          T.INBOX_QUERIES,
          T.EVENT_FEED,
          T.ACCOUNT_DIRECTORY,
          T.INVITATIONS,
          T.CHANNEL_REGISTRY,
          T.WAKEUPS,
          T.CLOCK,
          T.LOGGER,
          T.SESSION_RECORDS,
          T.UPLOAD_QUERIES,
          T.MEDIA_LINKS,
          T.API_KEY_QUERIES,
        ],
      )
      .inSingletonScope()
  })

/** Derived, so that a cursor tells nothing about the secret that signs sessions. */
const cursorKey = ({ sessionSecrets }: Secrets): Buffer =>
  createHmac('sha256', signingSecret(sessionSecrets)).update('list cursors').digest()
