import type { LoginAnswer } from '../../ports/account-login.ts'
import type { SubscribeAnswer } from '../../ports/account-subscriptions.ts'
import { asList, asShape, readFlag, readText, readWhole, type Shape } from '../channel-kit/fields.ts'
import type { GraphAnswer } from './graph-client.ts'
import { platformCodeOf, readGraphError } from './graph-error.ts'

/** An app of the operator's at Meta. The Instagram app and the Meta app around it have an id and a secret each. */
export type LoginApp = Readonly<{ id: string; secret: string }>

export type LoginConfig = Readonly<{
  /** Normally `https://www.instagram.com`, `https://api.instagram.com` and `https://www.facebook.com`. */
  instagramOauthUrl: string
  instagramTokenUrl: string
  facebookOauthUrl: string
  /** Null where accounts are not connected by that login. */
  instagramApp: LoginApp | null
  metaApp: LoginApp | null
  /** Of both apps, in the order to try: which of them signs a webhook depends on the login. */
  appSecrets: readonly string[]
  /** For the handshake of the whole app's webhook. */
  verifyToken: string | null
}>

type Failed = Extract<LoginAnswer, { status: 'failed' }>

/** The body of a 2xx, or why there is none. Of the platform's own words only its code is told: they may quote what was sent. */
export function bodyOf(answer: GraphAnswer, step: string): Readonly<{ body: unknown }> | Failed {
  if (answer.kind !== 'answered') return failed(`${step}: ${answer.detail}`)
  const { status, body } = answer
  if (status >= 200 && status <= 299 && body !== undefined) return { body }
  const error = readGraphError(body)
  if (error && /unsupported request - method type/i.test(error.message)) {
    return failed(`${step}: the app may not act for this account; while it is not Live the account needs a role in it`)
  }
  const code = error && platformCodeOf(error)
  return failed(`${step}: the platform answered ${status}${code ? ` (${code})` : ''}`)
}

export const failed = (detail: string): Failed => ({ status: 'failed', detail })

type TokenBody = Shape<'access_token' | 'expires_in'>

/** Visible ASCII, as everything that goes into a header has to be. */
const TOKEN = /^[\x21-\x7e]{1,4096}$/

export function readToken(body: unknown): Readonly<{ token: string; expiresInSeconds: number | null }> | null {
  const { access_token, expires_in } = asShape<TokenBody>(body) ?? {}
  const token = readText(access_token)
  if (token === null || !TOKEN.test(token)) return null
  const seconds = readWhole(expires_in)
  return { token, expiresInSeconds: seconds !== null && seconds > 0 ? seconds : null }
}

export const endOf = (expiresInSeconds: number | null, nowMs: number): Date | null =>
  expiresInSeconds === null ? null : new Date(nowMs + expiresInSeconds * 1_000)

/** As text with commas or as a list; null where the platform does not tell. */
export function readScopes(value: unknown): ReadonlySet<string> | null {
  const given = typeof value === 'string' ? value.split(/[\s,]+/) : asList(value)
  const scopes = given.filter((scope): scope is string => typeof scope === 'string' && scope !== '')
  return scopes.length === 0 ? null : new Set(scopes)
}

export const missingOf = (needed: readonly string[], granted: ReadonlySet<string> | null): readonly string[] =>
  granted === null ? [] : needed.filter((scope) => !granted.has(scope))

type Success = Shape<'success'>
type Subscriptions = Shape<'data'>
type Subscription = Shape<'id' | 'subscribed_fields'>

export const subscribed = (body: unknown): boolean => readFlag(asShape<Success>(body)?.success)

/** What was read back: our app is among the subscribed ones, and messages among its fields where those are told. */
export function isDelivered(body: unknown, appId: string): boolean {
  const apps = asList(asShape<Subscriptions>(body)?.data).map((value) => asShape<Subscription>(value))
  return apps.some((app) => {
    if (app === null) return false
    const fields = readScopes(app.subscribed_fields)
    const isOurs = app.id === undefined || String(app.id) === appId
    return isOurs && (fields === null || fields.has('messages'))
  })
}

export const notSubscribed = (detail: string): SubscribeAnswer => ({ status: 'failed', detail })
