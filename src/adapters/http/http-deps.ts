import type { Registry } from 'prom-client'
import type { Failpoint } from '../../config/failpoints.ts'
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
import type { UploadQueries } from '../../ports/upload-store.ts'
import type { Wakeups } from '../../ports/wakeups.ts'
import type { Contract } from './contract.ts'
import type { RateLimits } from './rate-limits.ts'
import type { WebhookLimits } from './webhook-room.ts'

export type HttpCore = Pick<
  Core,
  | 'signUp'
  | 'logIn'
  | 'noteAccess'
  | 'noteFailedSignIn'
  | 'endMemberSessions'
  | 'changeMember'
  | 'changePassword'
  | 'createApiKey'
  | 'revokeApiKey'
  | 'useApiKey'
  | 'apiKeyStands'
  | 'removeMember'
  | 'invite'
  | 'renewInvitation'
  | 'revokeInvitation'
  | 'findInvitation'
  | 'acceptInvitation'
  | 'askForReset'
  | 'resetByLetter'
  | 'createChannel'
  | 'updateChannel'
  | 'disconnectChannel'
  | 'beginConnect'
  | 'finishConnect'
  | 'chooseAccount'
  | 'acceptWebhook'
  | 'answerHandshake'
  | 'acceptAppWebhook'
  | 'takeWithdrawal'
  | 'answerAppHandshake'
  | 'updateTicket'
  | 'sendReply'
  | 'retryMessage'
  | 'checkMessage'
  | 'sendAgain'
  | 'moderateComment'
  | 'react'
  | 'signalCustomer'
  | 'markNotification'
  | 'startImport'
  | 'eraseCustomer'
  | 'exportCustomer'
  | 'fetchExport'
  | 'verifyChannel'
  | 'replayRawEvent'
  | 'replayRawEvents'
  | 'reviveDeadLetter'
  | 'reviveDeadLetters'
  | 'storeUpload'
  | 'deleteUpload'
>

/** Of something that is needed; `canWait`: the process serves on without it. */
export type HealthCheck = Readonly<{ name: string; ok: boolean; detail: string | null; canWait?: boolean }>

export type HttpConfig = Readonly<{
  /** Without a slash at its end. */
  publicUrl: string
  /** How many proxies in front are believed. */
  trustProxy: number
  production: boolean
  sessionTtlMs: number
  sessionIdleMs: number
  /** Whether `/docs` is there. */
  exposeDocs: boolean
  /** What happens to an answer that breaks the contract: in tests it becomes a 500, otherwise it is at most logged. */
  answerChecks?: 'throw' | 'log' | 'off'
}>

export type HttpSecrets = Readonly<{
  /** The first signs, all are accepted. */
  sessionSecrets: readonly string[]
  /** Opens `/metrics` and the details of `/readyz` to other machines; null: to nobody. */
  metricsToken: string | null
  cursorKey: string | Uint8Array
}>

/** Everything the HTTP application needs from outside. */
export type HttpDeps = Readonly<{
  core: HttpCore
  queries: InboxQueries
  apiKeys: ApiKeyQueries
  uploads: UploadQueries
  mediaLinks: MediaLinks
  feed: EventFeed
  accounts: Pick<AccountDirectory, 'user' | 'memberships' | 'membership' | 'members' | 'member' | 'sessionsSince'>
  invitations: Pick<Invitations, 'page' | 'one'>
  registry: ChannelRegistry
  wakeups: Pick<Wakeups, 'on'>
  clock: Clock
  log: Logger
  sessions: SessionRecords
  rateLimits: RateLimits
  health: Readonly<{ ready(): Promise<readonly HealthCheck[]> }>
  metrics: Registry
  /** Null: nothing is to fail. */
  failpoint?: Failpoint | null
  config: HttpConfig
  secrets: HttpSecrets
  /** Other ones than usual, for tests. */
  webhookLimits?: Partial<WebhookLimits>
  /** Read and compiled already; without it the application does that. */
  contract?: Contract
}>
