import type { ChannelId, ExternalAccountId, OrgId } from '../core/ids.ts'
import type { ChannelStatus, PauseReason } from './views.ts'

export type ChannelRecord = Readonly<{
  id: ChannelId
  orgId: OrgId
  type: string
  platform: string
  name: string
  status: ChannelStatus
  account: ExternalAccountId
  /** The app that the account is called through, of which the network limits the calls; left out: as it is, else none. */
  app?: string | null
  /** For how long messages are kept; null: for good. Left out: as it is, else for good. */
  retentionDays?: number | null
  /** Without secrets. */
  settings: Readonly<Record<string, unknown>>
  /** Since when whoever granted the account has taken that back; null where they have not, left out: as it is. */
  withdrawnAt?: Date | null
  version: number
}>

export interface ChannelStore {
  /** Seals the secrets. Throws DomainError `channel-exists` for an account this organization has connected already. */
  add(channel: ChannelRecord, secrets: Readonly<Record<string, string>>, now: Date): Promise<void>
  /** Locks; throws `NotFound`, also for a disconnected one. */
  get(id: ChannelId): Promise<ChannelRecord>
  /** Locks the one that is connected to the account; null where there is none. */
  byAccount(type: string, account: ExternalAccountId): Promise<ChannelRecord | null>
  /** Decrypted secrets, to validate a change of settings as a whole. */
  secrets(id: ChannelId): Promise<Readonly<Record<string, string>>>
  /**
   * Secrets that are named are replaced; `null` removes one. A paused channel stops sending, an active one goes on; of one
   * that was withdrawn what is queued is taken up, and refused for that.
   */
  save(channel: ChannelRecord, secrets: Readonly<Record<string, string | null>>, now: Date): Promise<void>
  /** Calls for it wait until then, unless they wait for longer already. Whether they did not wait at all for such a reason. */
  pause(id: ChannelId, pause: Readonly<{ until: Date; reason: PauseReason }>): Promise<boolean>
  /**
   * One more call ended without any answer: how many in a row. Null where the account is left alone already and this call began
   * before that; `isTrial`: it was the one that was made all the same.
   */
  countUnanswered(id: ChannelId, isTrial: boolean): Promise<number | null>
  /** Nobody calls for it until then, unless it waits for longer for another reason. Null: the next call may be made at once. */
  leaveAlone(id: ChannelId, until: Date | null): Promise<void>
  /** A call was answered: how many in a row before it were not. It is not left alone any more. */
  forgetUnanswered(id: ChannelId): Promise<number>
  /** Sets DISCONNECTED and deletes its secrets and its binding to the account; history stays. */
  disconnect(id: ChannelId, now: Date): Promise<void>
}
