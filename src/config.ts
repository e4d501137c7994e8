import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { inspect } from 'node:util'
import { type FailpointSetting, parseFailpoints } from './config/failpoints.ts'
import { parseKeyRing, splitSecrets } from './config/formats.ts'
import { LocalSecretsError, loadOrCreateLocalSecrets } from './config/local-secrets.ts'
import { productionProblems } from './config/production.ts'
import { type Given, readVariables } from './config/read-variables.ts'
import type { Config, Environment, LoadedConfig, Role, Secrets } from './config/types.ts'
import type { Values } from './config/variables.ts'

export { redactUrl } from './config/formats.ts'
export type { Config, ConfigProblem, Environment, LoadedConfig, Role, Secrets } from './config/types.ts'
export { roles } from './config/types.ts'

/**
 * Reads the environment once, and finds everything wrong with it at once. Touches nothing but `DATA_DIR/secrets.json`, which it
 * makes where a secret is not given and all else is right. `dev` turns ALLOW_UNVERIFIED_WEBHOOKS on unless it is set.
 */
export function loadConfig(environment: Environment, options: Readonly<{ role: Role; dev?: boolean }>): LoadedConfig {
  const { given, values, problems } = readVariables(environment)
  problems.push(...productionProblems(given, options.role))
  if (given.DATABASE_ADMIN_URL !== undefined && given.DATABASE_URL === undefined) {
    problems.push({ name: 'DATABASE_ADMIN_URL', problem: 'DATABASE_ADMIN_URL needs DATABASE_URL beside it.' })
  }
  for (const app of ['INSTAGRAM', 'META'] as const) {
    const [id, secret] = [`${app}_APP_ID`, `${app}_APP_SECRET`] as const
    if (given[id] !== undefined && given[secret] === undefined)
      problems.push({ name: id, problem: `${id} needs ${secret} beside it.` })
  }
  const failpoints = given.FAILPOINT === undefined ? null : parseFailpoints(given.FAILPOINT)
  if (typeof failpoints === 'string') problems.push({ name: 'FAILPOINT', problem: failpoints })
  if (problems.length > 0 || typeof failpoints === 'string') return { ok: false, problems }

  const config = toConfig(values, given, options, failpoints)
  const warnings = warningsOf(config, values)
  try {
    const secrets = toSecrets(values, config, warnings)
    return { ok: true, config, secrets, warnings }
  } catch (error) {
    if (!(error instanceof LocalSecretsError)) throw error
    return { ok: false, problems: [{ name: 'DATA_DIR', problem: `${error.message}.` }] }
  }
}

function toConfig(
  values: Values,
  given: Given,
  options: { role: Role; dev?: boolean },
  failpoints: FailpointSetting | null,
): Config {
  const production = values.NODE_ENV === 'production'
  return Object.freeze({
    role: options.role,
    environment: values.NODE_ENV,
    production,
    port: values.PORT,
    host: values.HOST ?? (production ? '0.0.0.0' : '127.0.0.1'),
    publicUrl: (values.PUBLIC_URL ?? `http://localhost:${values.PORT}`).replace(/\/+$/, ''),
    trustProxyHops: values.TRUST_PROXY,
    dataDir: resolve(values.DATA_DIR),
    databasePoolSize: values.DATABASE_POOL_SIZE,
    servicesPrefix: values.SERVICES_PREFIX,
    services: Object.freeze({
      database: values.DATABASE_URL === undefined ? 'embedded' : 'postgresql',
      queue: values.RABBITMQ_URL === undefined ? 'database' : 'rabbitmq',
      sessions: values.REDIS_URL === undefined ? 'database' : 'redis',
    }),
    signupMode: values.SIGNUP_MODE ?? (production ? 'invite' : 'open'),
    sessionTtlHours: values.SESSION_TTL_HOURS,
    sessionIdleHours: values.SESSION_IDLE_HOURS,
    apiCalls: Object.freeze({
      perMinute: values.API_CALLS_PER_MINUTE ?? (production ? 12_000 : 0),
      perMinuteOfOrganization: values.API_CALLS_PER_MINUTE_OF_ORGANIZATION ?? (production ? 60_000 : 0),
    }),
    sends: Object.freeze({
      perMinute: values.SENDS_PER_MINUTE ?? (production ? 600 : 0),
      perMinuteOfOrganization: values.SENDS_PER_MINUTE_OF_ORGANIZATION ?? (production ? 6_000 : 0),
    }),
    organizationLimits: Object.freeze({
      channels: values.MAX_CHANNELS_PER_ORGANIZATION,
      members: values.MAX_MEMBERS_PER_ORGANIZATION,
      'api-keys': values.MAX_API_KEYS_PER_ORGANIZATION,
    }),
    smtpFrom: values.SMTP_FROM ?? `delightchat@${new URL(values.PUBLIC_URL ?? 'http://localhost').hostname}`,
    instagramAppId: values.INSTAGRAM_APP_ID ?? null,
    metaAppId: values.META_APP_ID ?? null,
    instagramOauthUrl: values.INSTAGRAM_OAUTH_URL.replace(/\/+$/, ''),
    instagramTokenUrl: values.INSTAGRAM_TOKEN_URL.replace(/\/+$/, ''),
    facebookOauthUrl: values.FACEBOOK_OAUTH_URL.replace(/\/+$/, ''),
    instagramGraphUrl: values.INSTAGRAM_GRAPH_URL.replace(/\/+$/, ''),
    facebookGraphUrl: values.FACEBOOK_GRAPH_URL.replace(/\/+$/, ''),
    metaGraphVersion: values.META_GRAPH_VERSION,
    allowUnverifiedWebhooks:
      given.ALLOW_UNVERIFIED_WEBHOOKS === undefined
        ? options.dev === true && !production
        : values.ALLOW_UNVERIFIED_WEBHOOKS,
    allowPrivateUrls: values.ALLOW_PRIVATE_URLS,
    reopenWindowHours: values.REOPEN_WINDOW_HOURS,
    rawEventRetentionDays: values.RAW_EVENT_RETENTION_DAYS,
    historyImportDays: values.HISTORY_IMPORT_DAYS,
    historyImportConversations: values.HISTORY_IMPORT_CONVERSATIONS,
    historySweepMinutes: values.HISTORY_SWEEP_MINUTES,
    logLevel: values.LOG_LEVEL,
    metricsPort: values.METRICS_PORT ?? null,
    failpoints,
    deliveryDeadlineMs: values.DELIVERY_DEADLINE_SECONDS * 1_000,
    shutdownDelayMs: (values.SHUTDOWN_DELAY_SECONDS ?? (production ? 5 : 0)) * 1_000,
    eventLoopLimitMs: values.EVENT_LOOP_LIMIT_MS,
  })
}

function toSecrets(values: Values, config: Config, warnings: string[]): Secrets {
  let sessionSecrets: readonly string[] = listOf(values.SESSION_SECRET)
  let encryptionKeys = values.ENCRYPTION_KEYS === undefined ? [] : (parseKeyRing(values.ENCRYPTION_KEYS) ?? [])
  if (!config.production && (sessionSecrets.length === 0 || encryptionKeys.length === 0)) {
    const local = loadOrCreateLocalSecrets(config.dataDir)
    if (sessionSecrets.length === 0) sessionSecrets = [local.sessionSecret]
    if (encryptionKeys.length === 0) encryptionKeys = [...local.encryptionKeys]
    if (local.made)
      warnings.push(
        `Made the secrets of this installation in ${local.file}: keep a copy, stored credentials cannot be read without it.`,
      )
    if (local.exposed) warnings.push(`${local.file} can be read by other users: chmod 600 it.`)
  }
  const secrets: Secrets = {
    sessionSecrets: Object.freeze(sessionSecrets),
    encryptionKeys: Object.freeze(encryptionKeys),
    instagramApiKey: values.INSTAGRAM_API_KEY ?? null,
    instagramAppSecrets: listOf(values.INSTAGRAM_APP_SECRET),
    metaAppSecrets: listOf(values.META_APP_SECRET),
    instagramVerifyToken: values.INSTAGRAM_VERIFY_TOKEN ?? null,
    metricsToken: values.METRICS_TOKEN ?? null,
    databaseUrl: values.DATABASE_URL ?? null,
    databaseAdminUrl: values.DATABASE_ADMIN_URL ?? null,
    rabbitmqUrl: values.RABBITMQ_URL ?? null,
    redisUrl: values.REDIS_URL ?? null,
    smtpUrl: values.SMTP_URL ?? null,
  }
  const hidden = { value: () => '[secrets]' }
  return Object.freeze(Object.defineProperties(secrets, { toJSON: hidden, [inspect.custom]: hidden }))
}

const listOf = (secrets: string | undefined): readonly string[] =>
  secrets === undefined ? [] : Object.freeze(splitSecrets(secrets))

function warningsOf(config: Config, values: Values): string[] {
  const warnings: string[] = []
  const servesHttp = config.role === 'all' || config.role === 'api'
  if (config.allowUnverifiedWebhooks && servesHttp) {
    warnings.push(
      'ALLOW_UNVERIFIED_WEBHOOKS is on: webhook calls from this machine are taken without a signature. Not for real use.',
    )
  }
  if (config.failpoints) warnings.push('FAILPOINT is set: the program fails where it says. Not for real use.')
  if (config.allowPrivateUrls) {
    warnings.push(
      'ALLOW_PRIVATE_URLS is on: addresses that people enter are called also where they lead to this machine. Not for real use.',
    )
  }
  if (config.production && servesHttp && !config.publicUrl.startsWith('https:')) {
    warnings.push(
      'PUBLIC_URL is not https: Meta calls webhooks at https addresses only, and cookies travel unencrypted.',
    )
  }
  if (!config.production && servesHttp && values.HOST !== undefined && !isLoopback(values.HOST)) {
    warnings.push(`HOST=${values.HOST} opens the API to the network, while NODE_ENV is ${config.environment}.`)
  }
  return warnings
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}
