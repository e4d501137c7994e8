import type { Unhandled } from '../../core/channel/inbound-event.ts'
import type { ExternalAccountId } from '../../core/ids.ts'
import { eventTime } from '../channel-kit/time.ts'

/** What the events of one entry have in common. */
export type Scope = Readonly<{
  /** Whom the events count for. */
  account: ExternalAccountId
  /** Ids that mean the account itself in sender, recipient and author. */
  ownIds: ReadonlySet<string>
  entryTime: unknown
  receivedAt: Date
}>

/** Words that stay the same: they are counted and shown under these names. */
export type KnownReason =
  | 'own-read'
  | 'delivery'
  | 'thread-request'
  | 'app-roles'
  | 'policy'
  | 'feedback'
  | 'story-insights'
  | 'own-comment'
  | 'ghost-edit'
  | 'self-message'
  | 'changed-fields'
  | 'empty-entry'

export type UnknownReason =
  | 'not-an-object'
  | 'no-account'
  | 'other-object'
  | 'unknown-event'
  | 'unknown-change'
  | 'no-customer'
  | 'no-message-id'
  | 'contradictory-echo'
  | 'unusable-edit'
  | 'empty-referral'

/** The item's own time, else the entry's, else that of receipt. */
export const timeOf = (scope: Scope, timestamp?: unknown): Date =>
  eventTime([timestamp, scope.entryTime], scope.receivedAt)

export const known = (reason: KnownReason, at: Date): Unhandled => ({ type: 'unhandled', at, known: true, reason })

export const unknown = (reason: UnknownReason, at: Date): Unhandled => ({ type: 'unhandled', at, known: false, reason })
