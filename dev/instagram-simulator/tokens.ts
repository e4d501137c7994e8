import { newAccessToken, newCode } from './ids.ts'
import type { SimulatedAccount } from './types.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
export const LONG_LIVED_SECONDS = 60 * 24 * 3_600

export type Grant = Readonly<{
  account: SimulatedAccount
  kind: 'short' | 'long'
  /** What the person allowed. */
  scopes: readonly string[]
  /** Facebook: the token of the person who logged in, which opens the list of their Pages and sends nothing. */
  isPersonal: boolean
  /** Who logged in, as the app knows them: what Facebook's callbacks name. */
  person: string
  issuedAt: number
  expiresAt: number
}>
type Code = Readonly<{
  account: SimulatedAccount
  redirectUri: string | null
  scopes: readonly string[]
  person: string
  expiresAt: number
}>

/** Whoever manages the accounts of an app, where nobody says who logs in. */
export const personOf = ({ appId }: Pick<SimulatedAccount, 'appId'>): string => `10${appId}`

export const SCOPES = {
  instagram: ['instagram_business_basic', 'instagram_business_manage_messages', 'instagram_business_manage_comments'],
  facebook: [
    'instagram_basic',
    'instagram_manage_messages',
    'instagram_manage_comments',
    'pages_manage_metadata',
    'pages_show_list',
    'pages_read_engagement',
    'business_management',
  ],
} as const

/** Access tokens and authorization codes, with Meta's lifetimes: code and short token one hour, long token 60 days. */
export function createTokens(now: () => Date) {
  const grants = new Map<string, Grant>()
  const codes = new Map<string, Code>()

  const issue = (
    account: SimulatedAccount,
    kind: 'short' | 'long',
    {
      scopes = SCOPES[account.login],
      isPersonal = false,
      person = personOf(account),
    }: Partial<Pick<Grant, 'scopes' | 'isPersonal' | 'person'>> = {},
  ): string => {
    const token = newAccessToken(account.login)
    const issuedAt = now().getTime()
    const expiresAt = issuedAt + (kind === 'short' ? HOUR_MS : 60 * DAY_MS)
    grants.set(token, { account, kind, scopes, isPersonal, person, issuedAt, expiresAt })
    return token
  }

  return {
    issue,
    /** A token made outside: long-lived, and old enough to be refreshed. */
    grant(account: SimulatedAccount, token: string): void {
      const at = now().getTime()
      const [issuedAt, expiresAt] = [at - 2 * DAY_MS, at + 58 * DAY_MS]
      grants.set(token, {
        account,
        kind: 'long',
        scopes: SCOPES[account.login],
        isPersonal: false,
        person: personOf(account),
        issuedAt,
        expiresAt,
      })
    },
    find(token: string): Grant | null {
      const grant = grants.get(token)
      return grant && grant.expiresAt > now().getTime() ? grant : null
    },
    mayRefresh: (grant: Grant): boolean => grant.kind === 'long' && now().getTime() - grant.issuedAt >= DAY_MS,
    revoke(account: SimulatedAccount): void {
      for (const [token, grant] of grants) if (grant.account === account) grants.delete(token)
    },
    newCode(
      account: SimulatedAccount,
      redirectUri: string | null,
      scopes: readonly string[] = SCOPES[account.login],
      person: string = personOf(account),
    ): string {
      const code = newCode()
      codes.set(code, { account, redirectUri, scopes, person, expiresAt: now().getTime() + HOUR_MS })
      return code
    },
    /** Once only. */
    redeem(code: string): Code | null {
      const found = codes.get(code)
      codes.delete(code)
      return found && found.expiresAt > now().getTime() ? found : null
    },
  }
}
