import type { MemberId } from '../core/ids.ts'
import type { GrantedAccount } from './account-login.ts'

/** A login under way: whose it is, and which one. Tokens come here as hashes only. */
export type ConnectAttempt = Readonly<{
  tokenHash: string
  memberId: MemberId
  sessionHash: string
  login: string
  /** Whether the account may be taken over from another organization. */
  moves: boolean
  /** Once the person has logged in: what there is to choose from. Sealed. */
  accounts: readonly GrantedAccount[] | null
  expiresAt: Date
}>

export interface ConnectStore {
  /** Forgets what has expired meanwhile. */
  begin(attempt: ConnectAttempt, now: Date): Promise<void>
  /** Takes it away, so that it serves once; null for any other member, session or login, and after its time. */
  take(
    by: Pick<ConnectAttempt, 'tokenHash' | 'memberId' | 'sessionHash' | 'login'>,
    now: Date,
  ): Promise<ConnectAttempt | null>
}
