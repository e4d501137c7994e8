import type { ExternalAccountId, ExternalMessageId, RawEventId } from '../core/ids.ts'

/** One account's entry of a body that came for a whole app, as a body of its own. */
export type UnclaimedEntry = Readonly<{
  id: RawEventId
  account: ExternalAccountId
  body: Uint8Array
  receivedAt: Date
  requestId: string
}>

export type ReadEntry = UnclaimedEntry &
  Readonly<{
    /** The messages whose words are in it. */
    worded: readonly ExternalMessageId[]
    /** Those that it takes back. */
    takenBack: readonly ExternalMessageId[]
  }>

/** Of one account, for the operator. */
export type UnclaimedCount = Readonly<{
  type: string
  account: string
  entries: number
  bytes: number
  oldest: Date
  newest: Date
}>

/**
 * Entries whose account no channel is bound to. They belong to no organization: the operator sees how many there are, and the
 * channel that is bound to the account gets them. All methods reject with `Unavailable` while the database is away.
 */
export interface UnclaimedEntries {
  /**
   * Keeps those that are not known yet, without the words of what was taken back, before or after; `redact` takes them out. Of
   * each account the newest 2,000 stay, and 16 MiB of them.
   */
  keep(
    type: string,
    entries: readonly ReadEntry[],
    redact: (body: Uint8Array, gone: ReadonlySet<ExternalMessageId>) => Uint8Array,
  ): Promise<void>
  /** In the order of receipt. */
  next(type: string, accounts: readonly ExternalAccountId[], limit: number): Promise<readonly UnclaimedEntry[]>
  forget(ids: readonly RawEventId[]): Promise<void>
  /** Those of these accounts that were received up to then. */
  forgetAccounts(type: string, accounts: readonly ExternalAccountId[], upTo: Date): Promise<void>
  /** Accounts whose last entry is newest come first. */
  counts(limit: number): Promise<readonly UnclaimedCount[]>
}
