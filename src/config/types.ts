import type { EncryptionKey } from '../ports/secret-box.ts'
import type { FailpointSetting } from './failpoints.ts'
import type { Values } from './variables.ts'

export const roles = ['all', 'api', 'inbound', 'outbound', 'relay', 'scheduler', 'migrate', 'cli'] as const
export type Role = (typeof roles)[number]
export type Environment = Readonly<Record<string, string | undefined>>

/** May be logged: what must not be is in Secrets. */
export type Config = Readonly<{
  role: Role
  environment: Values['NODE_ENV']
  production: boolean
  port: number
  host: string
  /** Without a slash at its end. */
  publicUrl: string
  trustProxyHops: number
  /** Absolute. */
  dataDir: string
  databasePoolSize: number
  /** Begins the names of queues and Redis keys. */
  servicesPrefix: string
  /** Which implementation each port gets, chosen by DATABASE_URL, RABBITMQ_URL and REDIS_URL. */
  services: Readonly<{
    database: 'embedded' | 'postgresql'
    queue: 'database' | 'rabbitmq'
    sessions: 'database' | 'redis'
  }>
  /** `invite`: the first organization is free, further ones are not made over HTTP. */
  signupMode: 'open' | 'invite'
  sessionTtlHours: number
  sessionIdleHours: number
  /** Calls of the API in a minute, of a person or key and of an organization; 0: not limited. */
  apiCalls: Readonly<{ perMinute: number; perMinuteOfOrganization: number }>
  /** The same of replies that are asked for. */
  sends: Readonly<{ perMinute: number; perMinuteOfOrganization: number }>
  /** How many an organization may have. */
  organizationLimits: Readonly<{ channels: number; members: number; 'api-keys': number }>
  /** From whom letters are. */
  smtpFrom: string
  /** Null: nobody connects by that login. Never set without its secret. */
  instagramAppId: string | null
  metaAppId: string | null
  /** Without a slash at their ends. */
  instagramOauthUrl: string
  instagramTokenUrl: string
  facebookOauthUrl: string
  instagramGraphUrl: string
  facebookGraphUrl: string
  metaGraphVersion: string
  allowUnverifiedWebhooks: boolean
  /** Addresses that people enter may lead to this machine and its networks. */
  allowPrivateUrls: boolean
  reopenWindowHours: number
  rawEventRetentionDays: number
  historyImportDays: number
  historyImportConversations: number
  historySweepMinutes: number
  logLevel: Values['LOG_LEVEL']
  /** Where a process without the HTTP API answers about its health; null: nowhere. */
  metricsPort: number | null
  /** Where the program is to fail, for tests of faults; null: nowhere. Never set in production. */
  failpoints: FailpointSetting | null
  /** How long a batch of deliveries may take before it counts as failed. */
  deliveryDeadlineMs: number
  /** How long an api process serves on after it was told to end. */
  shutdownDelayMs: number
  /** How long the event loop may stand still before it is told. */
  eventLoopLimitMs: number
}>

/** Prints and serialises as a word, so that it cannot be logged by mistake. */
export type Secrets = Readonly<{
  /** The first signs, all are accepted. Empty only in production, in roles that serve no sessions. */
  sessionSecrets: readonly string[]
  /** The first encrypts, all decrypt. Empty only in production, in the roles migrate, relay and cli. */
  encryptionKeys: readonly EncryptionKey[]
  instagramApiKey: string | null
  /** The first speaks for the app, all sign its webhooks. Empty where there is no such app. */
  instagramAppSecrets: readonly string[]
  metaAppSecrets: readonly string[]
  instagramVerifyToken: string | null
  metricsToken: string | null
  /** Null: the embedded server. */
  databaseUrl: string | null
  /** Null: the same as databaseUrl. */
  databaseAdminUrl: string | null
  rabbitmqUrl: string | null
  redisUrl: string | null
  /** Null: no letters are sent. */
  smtpUrl: string | null
}>

export type ConfigProblem = Readonly<{ name: string; problem: string }>
export type LoadedConfig =
  | { ok: true; config: Config; secrets: Secrets; warnings: string[] }
  | { ok: false; problems: ConfigProblem[] }
