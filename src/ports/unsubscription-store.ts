import type { ChannelId, ExternalAccountId, UnsubscriptionId } from '../core/ids.ts'

/** An account of which the platform is still to be told that nobody here listens any more. */
export type Unsubscription = Readonly<{
  id: UnsubscriptionId
  channelId: ChannelId
  type: string
  account: ExternalAccountId
  settings: Readonly<Record<string, unknown>>
  /** What the one call takes, and nothing else of the channel's. Sealed. */
  secrets: Readonly<Record<string, string>>
  requestedAt: Date
  /** Since then the platform may have done it, whatever it answered; null before that. */
  askedAt: Date | null
}>

export interface UnsubscriptionStore {
  /** Enqueues its job as well, to run after so long; call `wakeups.wake('jobs')` after the commit. */
  plan(unsubscription: Omit<Unsubscription, 'askedAt'>, afterMs: number): Promise<void>
  find(id: UnsubscriptionId): Promise<Unsubscription | null>
  asked(id: UnsubscriptionId, now: Date): Promise<void>
  /** Its credentials go with it. */
  forget(id: UnsubscriptionId): Promise<void>
}
