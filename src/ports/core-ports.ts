import type { AccountBindings } from './account-bindings.ts'
import type { AccountDirectory } from './account-directory.ts'
import type { AccountPace } from './account-pace.ts'
import type { ApiKeyDirectory, ApiKeySecrets } from './api-keys.ts'
import type { ChannelAccounts, ChannelDirectory } from './channel-directory.ts'
import type { ChannelRegistry } from './channel-registry.ts'
import type { TokenPlans } from './channel-tokens.ts'
import type { Clock } from './clock.ts'
import type { ErasureTraces } from './erasure-store.ts'
import type { GuardedClient } from './guarded-client.ts'
import type { IdSource } from './id-source.ts'
import type { InboxQueries } from './inbox-queries.ts'
import type { InstallationCounters } from './installation-counters.ts'
import type { Invitations } from './invitations.ts'
import type { Logger } from './logger.ts'
import type { Mailer } from './mailer.ts'
import type { MediaLinks } from './media-links.ts'
import type { OneTimeTokens } from './one-time-tokens.ts'
import type { OpenDoubts } from './open-doubts.ts'
import type { Counted } from './organization-counts.ts'
import type { PasswordHasher } from './password-hasher.ts'
import type { RetentionPlans } from './retention.ts'
import type { SendLanes } from './send-store.ts'
import type { SettingsValidator } from './settings-validator.ts'
import type { SweepPlans } from './sweep-plans.ts'
import type { UnclaimedEntries } from './unclaimed-entries.ts'
import type { UnitOfWork } from './unit-of-work.ts'
import type { UnreadableBodies } from './unreadable-bodies.ts'
import type { Wakeups } from './wakeups.ts'
import type { WebhookIntake } from './webhook-intake.ts'

export type HistorySettings = Readonly<{
  /** How far back a newly connected account is imported; 0: not by itself. */
  importDays: number
  importConversations: number
  /** Between two searches for what was never delivered; 0: none. */
  sweepMinutes: number
}>

/** The operator's choices that rules depend on. */
export type CoreSettings = Readonly<{
  publicUrl: string
  /** `invite`: only the first organization of the installation signs up by itself. */
  signupMode: 'open' | 'invite'
  production: boolean
  allowUnverifiedWebhooks: boolean
  /** How many an organization may have. */
  organizationLimits: Readonly<Record<Counted, number>>
  reopenWindowMs: number
  history: HistorySettings
  /** What the installation may supply for settings marked `x-installation-default`, by variable name. */
  installationDefaults: Readonly<Record<string, string | undefined>>
}>

export type CorePorts = Readonly<{
  accountPace: AccountPace
  accounts: AccountDirectory
  accountBindings: AccountBindings
  apiKeys: ApiKeyDirectory
  apiKeySecrets: ApiKeySecrets
  channelDirectory: ChannelDirectory
  channelAccounts: ChannelAccounts
  channelRegistry: ChannelRegistry
  clock: Clock
  erasureTraces: ErasureTraces
  /** Counts messages that a sweep has found. */
  gapsFound: (messages: number) => void
  guardedClient: GuardedClient
  ids: IdSource
  installationCounters: InstallationCounters
  intake: WebhookIntake
  invitations: Invitations
  log: Logger
  mailer: Mailer
  mediaLinks: MediaLinks
  oneTimeTokens: OneTimeTokens
  openDoubts: OpenDoubts
  passwordHasher: PasswordHasher
  isCommonPassword: (password: string, about?: readonly string[]) => boolean
  queries: InboxQueries
  retentionPlans: RetentionPlans
  sendLanes: SendLanes
  settings: CoreSettings
  settingsValidator: SettingsValidator
  sweepPlans: SweepPlans
  tokenPlans: TokenPlans
  unclaimedEntries: UnclaimedEntries
  unitOfWork: UnitOfWork
  unreadableBodies: UnreadableBodies
  wakeups: Wakeups
}>
