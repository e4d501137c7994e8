import type { ChannelAccount } from '../core/channel/delivery.ts'
import type { ChannelId, ExternalAccountId, OrgId } from '../core/ids.ts'
import type { ChannelStatus, PauseReason } from './views.ts'

/** A channel as the webhook route needs it, found by id alone: nobody is signed in there. */
export type WebhookChannel = Readonly<{
  id: ChannelId
  orgId: OrgId
  type: string
  status: ChannelStatus
  account: ExternalAccountId
  /** Other ids of the same account. */
  aliases: readonly ExternalAccountId[]
  /** Decrypted, in the adapter's order; empty where none is set. */
  webhookSecrets: readonly string[]
  verifyTokens: readonly string[]
}>

export type FindOptions = Readonly<{
  /** What is known for longer is looked up again, if the database answers. */
  notOlderThanMs?: number
}>

export interface ChannelDirectory {
  /** Null for an unknown or disconnected channel; rejects with `Unavailable` while the database is away. */
  find(id: ChannelId, options?: FindOptions): Promise<WebhookChannel | null>
  /** Adds to the channel's counters; never throws, a lost count is better than a lost webhook. */
  count(id: ChannelId, what: 'badSignatures' | 'unroutable' | 'unknown' | 'quarantined', by?: number): void
}

export type LoadedAccount = ChannelAccount &
  Readonly<{
    type: string
    status: ChannelStatus
    /** Whoever granted the account has taken that back, and nobody has granted it again. */
    isWithdrawn: boolean
    app: string | null
    /** Grows with every change of the channel, of its token too. */
    version: number
    /** What calls wait for; `until` is null where nobody knows for how long. One that is over may still be here. */
    pause: Readonly<{ until: Date | null; reason: PauseReason }> | null
    /** Calls in a row until now that ended without any answer. */
    unanswered: number
  }>

/** Whom the outbound role speaks for; decrypts. Null once the channel is disconnected. */
export interface ChannelAccounts {
  load(orgId: OrgId, id: ChannelId): Promise<LoadedAccount | null>
}
