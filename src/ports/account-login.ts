import type { ExternalAccountId } from '../core/ids.ts'

/** An account that somebody let this installation speak for, as the platform itself told. */
export type GrantedAccount = Readonly<{
  account: ExternalAccountId
  /** Another id of the same account, which its webhooks may carry as well. */
  alias: ExternalAccountId | null
  /** The person, where the platform names them instead of the account when they take their consent back. */
  grantedBy: string | null
  /** What people call it. */
  name: string
  /** The channel's settings and secrets that follow from it. */
  settings: Readonly<Record<string, unknown>>
  secrets: Readonly<Record<string, string>>
  /** Null where the platform gave the token no end. */
  tokenExpiresAt: Date | null
  /** What the token may not do and should; null where the platform did not tell. */
  missingPermissions: readonly string[] | null
}>

export type LoginAnswer =
  /** One account, or several of which the person chooses; never none. */
  | Readonly<{ status: 'granted'; accounts: readonly GrantedAccount[] }>
  /** The platform takes the code for used, old or another app's. */
  | Readonly<{ status: 'code-refused'; detail: string }>
  | Readonly<{ status: 'scopes-missing'; missing: readonly string[] }>
  | Readonly<{ status: 'no-account'; detail: string }>
  /** No answer, or none that can be used. */
  | Readonly<{ status: 'failed'; detail: string }>

/** A platform's own login page, on which the owner of an account lets this installation speak for it. Nothing is kept here. */
export interface AccountLogin {
  /** As it is in addresses: `/orgs/{orgId}/channels/{name}/connect` and `/oauth/{name}/callback`. */
  readonly name: string
  /** The operator's variables that it needs, and whether they are set. */
  readonly needs: readonly string[]
  readonly isConfigured: boolean
  authorizeUrl(request: Readonly<{ state: string; redirectUri: string }>): string
  /** From the code that the browser brought back to the accounts. Resolves for every answer; rejects only on a bug. */
  redeem(grant: Readonly<{ code: string; redirectUri: string }>, signal: AbortSignal): Promise<LoginAnswer>
}
