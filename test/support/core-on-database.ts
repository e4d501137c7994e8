import { randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import { instagramCapabilities } from '../../src/adapters/instagram/capabilities.ts'
import { noMailer } from '../../src/adapters/mail/no-mailer.ts'
import { createAccountBindings } from '../../src/adapters/persistence/account-bindings.ts'
import { createAccountDirectory } from '../../src/adapters/persistence/account-directory.ts'
import { createAccountPace } from '../../src/adapters/persistence/account-pace.ts'
import { createApiKeyDirectory } from '../../src/adapters/persistence/api-keys.ts'
import { createCachedChannelDirectory } from '../../src/adapters/persistence/cached-channel-directory.ts'
import { createChannelAccounts } from '../../src/adapters/persistence/channel-accounts.ts'
import { createChannelDirectory } from '../../src/adapters/persistence/channel-directory.ts'
import { createErasureTraces } from '../../src/adapters/persistence/erasure-traces.ts'
import { createInboxQueries } from '../../src/adapters/persistence/inbox-queries.ts'
import { createInvitations } from '../../src/adapters/persistence/invitations.ts'
import { createOpenDoubts } from '../../src/adapters/persistence/open-doubts.ts'
import { createRetentionPlans } from '../../src/adapters/persistence/retention-plans.ts'
import { createSendLanes } from '../../src/adapters/persistence/send-lanes.ts'
import { createSweepPlans } from '../../src/adapters/persistence/sweep-plans.ts'
import { createTokenPlans } from '../../src/adapters/persistence/token-plans.ts'
import type { Orm } from '../../src/adapters/persistence/transaction.ts'
import { createUnclaimedEntries } from '../../src/adapters/persistence/unclaimed-entries.ts'
import { createUnreadableBodies } from '../../src/adapters/persistence/unreadable-bodies.ts'
import { apiKeySecrets } from '../../src/adapters/security/api-key-secrets.ts'
import { createMediaLinks } from '../../src/adapters/security/media-links.ts'
import { oneTimeTokens } from '../../src/adapters/security/one-time-tokens.ts'
import type { Actor } from '../../src/core/actor.ts'
import type { InboundEvent } from '../../src/core/channel/inbound-event.ts'
import type { ChannelId, ExternalAccountId, OrgId, RawEventId } from '../../src/core/ids.ts'
import { type Core, createCore } from '../../src/core/index.ts'
import type { AccountSubscriptions } from '../../src/ports/account-subscriptions.ts'
import type {
  ChannelAdapter,
  Comments,
  HistoryReader,
  InboundParser,
  MediaLookup,
  OutboundSender,
  ProfileLookup,
  TokenRefresh,
} from '../../src/ports/channel-adapter.ts'
import type { ChannelRegistry } from '../../src/ports/channel-registry.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { HistorySettings } from '../../src/ports/core-ports.ts'
import type { ErasureTraces } from '../../src/ports/erasure-store.ts'
import type { GuardedClient } from '../../src/ports/guarded-client.ts'
import type { InboxQueries } from '../../src/ports/inbox-queries.ts'
import type { Counted } from '../../src/ports/organization-counts.ts'
import type { SendLanes } from '../../src/ports/send-store.ts'
import type { UnitOfWork } from '../../src/ports/unit-of-work.ts'
import type { RawDelivery } from '../../src/ports/webhook-intake.ts'
import { anOwner } from '../builders/actors.ts'
import { RecordingLog } from '../fakes/recording-log.ts'
import type { TestDatabase } from './database.ts'
import { ids, type SeededOrganization, seedChannel, seedOrganization, testSecretBox, unitOfWorkOn } from './seed.ts'

/** The real use cases over the real stores, as one process has them: pools of its own, a network of the test's. */
export type CoreOnDatabase = Readonly<{
  core: Core
  unitOfWork: UnitOfWork
  sendLanes: SendLanes
  queries: InboxQueries
  orm: Orm
  pool: Pool
  log: RecordingLog
  /** Counts are collected for a while: resolves once those so far are in the database. */
  countsWritten(): Promise<void>
}>

export type CoreOptions = Readonly<{
  clock?: Clock
  send?: OutboundSender['send']
  /** How fast the network may be called; as fast as can be by default. */
  pacing?: ChannelAdapter['pacing']
  /** The network's own, instead of our events as JSON. */
  parser?: InboundParser
  inboundVia?: ChannelAdapter['inboundVia']
  poolSize?: number
  /** How long it waits where a server is silent. */
  silenceMs?: number
  /** Whether channels are kept for a while once they were looked up, as in a process. */
  keepsChannels?: boolean
  publicUrl?: string
  /** What the network tells of what was written before. */
  history?: HistoryReader
  historySettings?: HistorySettings
  /** What the network tells of comments. */
  comments?: Comments
  /** What the network tells of people. */
  profiles?: ProfileLookup
  /** What the network tells of posts and stories. */
  media?: MediaLookup
  /** How the network prolongs access tokens. */
  tokens?: TokenRefresh
  /** How the network is told to deliver an account's events, or none of them. */
  subscriptions?: AccountSubscriptions
  erasureTraces?: ErasureTraces
  guardedClient?: GuardedClient
  organizationLimits?: Partial<Record<Counted, number>>
  /** Another one's pools: for a worker that is no process of its own. */
  beside?: CoreOnDatabase
}>

export const realClock: Clock = { now: () => new Date(), monotonicMs: () => performance.now() }

const TYPE = 'INSTAGRAM'

export function coreOn(db: TestDatabase, options: CoreOptions = {}): CoreOnDatabase {
  const clock = options.clock ?? realClock
  const orm =
    options.beside?.orm ??
    db.orm({
      poolSize: options.poolSize ?? 4,
      ...(options.silenceMs === undefined ? {} : { silenceMs: options.silenceMs }),
    })
  const pool = options.beside?.pool ?? db.systemPool({ size: 2 })
  const registry = registryOf(options)
  const unitOfWork = unitOfWorkOn(orm)
  const sendLanes = createSendLanes(pool)
  const queries = createInboxQueries({ orm, clock, capabilitiesOf: (type) => registry.get(type)?.capabilities ?? null })
  const log = new RecordingLog()
  const directory = createChannelDirectory({ pool, secretBox: testSecretBox, registry })
  const channelDirectory = options.keepsChannels ? createCachedChannelDirectory(directory, { clock }) : directory
  const core = createCore({
    accountBindings: createAccountBindings({ pool }),
    accountPace: createAccountPace(pool),
    accounts: createAccountDirectory({ orm }),
    apiKeys: createApiKeyDirectory({ orm }),
    apiKeySecrets,
    channelDirectory,
    channelAccounts: createChannelAccounts({ orm, secretBox: testSecretBox }),
    channelRegistry: registry,
    clock,
    erasureTraces: options.erasureTraces ?? createErasureTraces({ orm }),
    gapsFound: () => {},
    guardedClient: options.guardedClient ?? nowhere,
    ids,
    invitations: createInvitations({ orm, ids }),
    intake: { accept: () => notUsed('the intake') },
    isCommonPassword: () => false,
    log,
    mailer: noMailer,
    installationCounters: { count: () => {} },
    unclaimedEntries: createUnclaimedEntries({ orm }),
    unreadableBodies: createUnreadableBodies({ pool, ids }),
    mediaLinks: createMediaLinks(['a-secret-for-links'], options.publicUrl ?? 'http://localhost'),
    oneTimeTokens,
    openDoubts: createOpenDoubts(pool),
    passwordHasher: {
      hash: () => notUsed('the hasher'),
      verify: () => notUsed('the hasher'),
      verifyDummy: () => notUsed('the hasher'),
    },
    queries,
    sendLanes,
    settings: {
      publicUrl: options.publicUrl ?? 'http://localhost',
      signupMode: 'open',
      production: false,
      allowUnverifiedWebhooks: false,
      organizationLimits: { channels: 1_000, members: 1_000, 'api-keys': 1_000, ...options.organizationLimits },
      reopenWindowMs: 72 * 3_600_000,
      history: options.historySettings ?? { importDays: 0, importConversations: 500, sweepMinutes: 0 },
      installationDefaults: {},
    },
    settingsValidator: { validate: () => [] },
    retentionPlans: createRetentionPlans(pool),
    sweepPlans: createSweepPlans(pool),
    tokenPlans: createTokenPlans(pool),
    unitOfWork,
    wakeups: { wake: () => {}, on: () => () => {} },
  })
  const countsWritten = () => channelDirectory.close()
  return { core, unitOfWork, sendLanes, queries, orm, pool, log, countsWritten }
}

/** No address that a person enters is called. */
const nowhere: GuardedClient = { request: async () => ({ status: 'failed', detail: 'a test', mayHaveArrived: false }) }

const notUsed = (what: string): never => {
  throw new Error(`${what} is not used here`)
}

const eventsIn = (text: string) => JSON.parse(text) as (InboundEvent & { at: string })[]

const ownEvents: InboundParser = {
  parse: (body, { account }) => {
    const text = Buffer.from(body).toString()
    const events = eventsIn(text).map((event) => ({ ...event, at: new Date(event.at) }) as InboundEvent)
    return { readable: true, shares: [{ account, isTest: false, body: text, events }] }
  },
  redact: (text, gone) =>
    JSON.stringify(
      eventsIn(text).map((event) =>
        'externalId' in event && 'text' in event && gone.has(event.externalId) ? { ...event, text: '' } : event,
      ),
    ),
}

const SETTINGS: ChannelAdapter['settings'] = {
  schema: { properties: { accessToken: { type: 'string', 'x-secret': true } } },
  account: (config) => String(config['account']) as ExternalAccountId,
  app: (config) => `app of ${config['app'] ?? config['account']}`,
  credentials: ['accessToken'],
  webhookSecrets: [],
  verifyTokens: [],
}

/** A network whose webhook bodies are our own events as JSON, so that tests say exactly what arrives. */
function registryOf({
  send,
  pacing,
  parser = ownEvents,
  inboundVia,
  history,
  comments,
  profiles,
  media,
  tokens,
  subscriptions,
}: CoreOptions): ChannelRegistry {
  const adapter: ChannelAdapter = {
    type: TYPE,
    platform: TYPE,
    settings: SETTINGS,
    capabilities: {
      surfaces: instagramCapabilities.surfaces,
      replyWindow: {
        dmHours: 24,
        commentHours: 7 * 24,
        liveCommentHours: 4,
        humanAgent: { hours: 7 * 24, setting: 'humanAgent' },
      },
      privateReplyToComment: true,
    },
    webhook: { verify: () => 0 },
    parser,
    ...(pacing === undefined ? {} : { pacing }),
    ...(inboundVia === undefined ? {} : { inboundVia }),
    sender: { send: send ?? (async () => notUsed('the sender')) },
    ...(history ? { history } : {}),
    ...(comments ? { comments } : {}),
    ...(profiles ? { profiles } : {}),
    ...(media ? { media } : {}),
    ...(tokens ? { tokens } : {}),
    ...(subscriptions ? { subscriptions } : {}),
  }
  return { types: [TYPE], get: (type) => (type === TYPE ? adapter : null) }
}

export type Inbox = SeededOrganization & Readonly<{ channelId: ChannelId; account: string; actor: Actor }>

/** An organization of its own with one member and one channel. */
export async function seedInbox(orm: Orm): Promise<Inbox> {
  const organization = await seedOrganization(orm)
  const { orgId } = organization
  const account = `account of ${orgId}`
  const channelId = await seedChannel(orm, orgId, { type: TYPE, platform: TYPE, account, settings: { account } })
  return { ...organization, channelId, account, actor: anOwner(organization) }
}

/** What the api role would have handed over. */
export const deliveryOf = (
  { orgId, channelId }: Readonly<{ orgId: OrgId; channelId: ChannelId }>,
  events: readonly InboundEvent[],
): RawDelivery => ({
  id: ids.next() as RawEventId,
  orgId,
  channelId,
  body: Buffer.from(JSON.stringify(events)),
  verified: true,
  receivedAt: new Date(),
  requestId: randomUUID(),
})
