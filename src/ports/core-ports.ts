import type { AccountBindings } from './account-bindings.ts'
import type { AccountDirectory } from './account-directory.ts'
import type { ChannelAccounts, ChannelDirectory } from './channel-directory.ts'
import type { ChannelRegistry } from './channel-registry.ts'
import type { Clock } from './clock.ts'
import type { IdSource } from './id-source.ts'
import type { InboxQueries } from './inbox-queries.ts'
import type { InstallationCounters } from './installation-counters.ts'
import type { Logger } from './logger.ts'
import type { OneTimeTokens } from './one-time-tokens.ts'
import type { PasswordHasher } from './password-hasher.ts'
import type { SendLanes } from './send-store.ts'
import type { SettingsValidator } from './settings-validator.ts'
import type { UnitOfWork } from './unit-of-work.ts'
import type { Wakeups } from './wakeups.ts'
import type { WebhookIntake } from './webhook-intake.ts'

/** The operator's choices that rules depend on. */
export type CoreSettings = Readonly<{
  publicUrl: string
  /** Null: open, and by invitation in production after the first organization. */
  signupMode: 'open' | 'invite' | null
  production: boolean
  allowUnverifiedWebhooks: boolean
  reopenWindowMs: number
  /** What the installation may supply for settings marked `x-installation-default`, by variable name. */
  installationDefaults: Readonly<Record<string, string | undefined>>
}>

export type CorePorts = Readonly<{
  accounts: AccountDirectory
  accountBindings: AccountBindings
  channelDirectory: ChannelDirectory
  channelAccounts: ChannelAccounts
  channelRegistry: ChannelRegistry
  clock: Clock
  ids: IdSource
  installationCounters: InstallationCounters
  intake: WebhookIntake
  log: Logger
  oneTimeTokens: OneTimeTokens
  passwordHasher: PasswordHasher
  isCommonPassword: (password: string) => boolean
  queries: InboxQueries
  sendLanes: SendLanes
  settings: CoreSettings
  settingsValidator: SettingsValidator
  unitOfWork: UnitOfWork
  wakeups: Wakeups
}>
