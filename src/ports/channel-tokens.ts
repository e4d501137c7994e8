import type { ChannelId } from '../core/ids.ts'

/** How old a channel's access token is. Changes with the token alone, whatever else is changed about the channel. */
export type TokenAge = Readonly<{
  setAt: Date
  /** Null where the platform gave it no end, or nobody knows: a token that was pasted. */
  expiresAt: Date | null
}>

export interface ChannelTokenStore {
  /** The channel has a token since `setAt`; alerts about its end begin anew, and its next check is within a day. */
  set(channelId: ChannelId, age: TokenAge): Promise<void>
  /** Somebody changed by hand what proves the account: what was proven before no longer counts. Kept by `set`. */
  doubt(channelId: ChannelId, at: Date): Promise<void>
  /** The platform took the token. Kept by `set`. */
  prove(channelId: ChannelId, at: Date): Promise<void>
  /** What the token may not do and should; null: nobody knows, as of one that was pasted. Kept by `set`: it may be prolonged. */
  lacks(channelId: ChannelId, permissions: readonly string[] | null): Promise<void>
  /** The channel has none any more. */
  forget(channelId: ChannelId): Promise<void>
  /** Null where the channel has no token. */
  age(channelId: ChannelId): Promise<TokenAge | null>
  /**
   * Whether the administrators are to be told now that the token ends within so many days: once for each number, for this very
   * token, and for no larger number after a smaller one.
   */
  alert(channelId: ChannelId, age: TokenAge, days: number): Promise<boolean>
}

/** When each channel's token is looked at. May run in several processes at once. */
export interface TokenPlans {
  /** Enqueues a job for each channel of these types that is due, and plans its next about a day after `now`; how many. */
  enqueueDue(types: readonly string[], now: Date): Promise<number>
}
