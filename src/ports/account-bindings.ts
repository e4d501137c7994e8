import type { ChannelId, ExternalAccountId, OrgId } from '../core/ids.ts'

/** That a channel speaks for an account by a token which was issued to this installation's own app. */
export type AccountBinding = Readonly<{
  type: string
  account: ExternalAccountId
  /** Another id of the same account. */
  alias: ExternalAccountId | null
  /** See `GrantedAccount`. */
  grantedBy: string | null
  channelId: ChannelId
  tokenIssuedAt: Date
  tokenExpiresAt: Date | null
}>

/** One binding for each account in the whole installation. */
export interface AccountBindingStore {
  /**
   * Replaces the organization's own. Throws DomainError `account-bound-elsewhere` where another organization has it; with
   * `moves` that one's channel is disconnected instead, in the same transaction. Enqueues the job that hands over what came for
   * the account before; call `wakeups.wake('jobs')` after the commit. Unless the platform `isSubscribed` already, the binding
   * waits for that since `tokenIssuedAt`, with a job that sees to it from a minute on: until then its maker does.
   */
  bind(binding: AccountBinding, options: Readonly<{ moves: boolean; isSubscribed: boolean }>): Promise<void>
  /** Since when the platform has yet to be told to deliver; null where it was, or the channel has no binding. */
  subscribingSince(channelId: ChannelId): Promise<Date | null>
  /** It was told, for the binding that waited since then; false where there is no such binding any more. */
  subscribed(channelId: ChannelId, since: Date): Promise<boolean>
  /** Whether the channel has one. */
  holds(channelId: ChannelId): Promise<boolean>
  /** Nothing where the channel has none. */
  release(channelId: ChannelId): Promise<void>
}

export type BoundChannel = Readonly<{ orgId: OrgId; channelId: ChannelId }>

/** Whose account it is, looked up before an organization is known. */
export interface AccountBindings {
  /** By account or alias; what nobody has is left out. Rejects with `Unavailable` while the database is away. */
  find(type: string, accounts: readonly ExternalAccountId[]): Promise<ReadonlyMap<ExternalAccountId, BoundChannel>>
  /**
   * All that rest on the consent which the platform names so when it ends: the account that is called so, and every one that a
   * person of that name has granted, in whichever organization.
   */
  grantedBy(type: string, name: string): Promise<readonly BoundChannel[]>
}
