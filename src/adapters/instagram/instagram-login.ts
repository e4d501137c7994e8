import type { AccountLogin, LoginAnswer } from '../../ports/account-login.ts'
import { asList, asShape, readId, readText, type Shape } from '../channel-kit/fields.ts'
import { askPlatform, createGraphClient, type GraphAnswer, type InstagramConfig } from './graph-client.ts'
import { accountId } from './ids.ts'
import { bodyOf, endOf, failed, type LoginConfig, missingOf, readScopes, readToken } from './login-answer.ts'
import { authorizeQuery } from './login-request.ts'

const SCOPES = [
  'instagram_business_basic',
  'instagram_business_manage_messages',
  'instagram_business_manage_comments',
] as const

type Exchange = Shape<'data' | 'access_token' | 'permissions'>
type Me = Shape<'user_id' | 'id' | 'username' | 'name'>

/**
 * "Business Login for Instagram". The account is who `/me` says by `user_id`: the `user_id` of the exchange and the `id` of
 * `/me` are other numbers, and webhooks name none of them reliably but that one.
 * https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/business-login
 */
export function createInstagramLogin(
  config: InstagramConfig & LoginConfig,
  fetch: typeof globalThis.fetch,
  now: () => number = Date.now,
): AccountLogin {
  const { instagramApp: app } = config
  const graph = createGraphClient(config, fetch)

  async function redeem(
    { code, redirectUri }: Parameters<AccountLogin['redeem']>[0],
    signal: AbortSignal,
  ): Promise<LoginAnswer> {
    if (app === null) return failed('no app is configured')
    const form = new URLSearchParams({
      client_id: app.id,
      client_secret: app.secret,
      grant_type: 'authorization_code',
      redirect_uri: redirectUri,
      code,
    })
    const url = `${config.instagramTokenUrl}/oauth/access_token`
    const exchanged = await askPlatform(fetch, url, { method: 'POST', body: form }, signal)
    if (isRefusedCode(exchanged)) return { status: 'code-refused', detail: 'Instagram does not accept this login.' }
    const first = bodyOf(exchanged, 'exchanging the code')
    if ('status' in first) return first
    const { short, scopes } = readExchange(first.body)
    if (short === null) return failed('exchanging the code: the answer holds no token')
    const missing = missingOf(SCOPES, scopes)
    if (missing.length > 0) return { status: 'scopes-missing', missing }

    const query = new URLSearchParams({
      grant_type: 'ig_exchange_token',
      client_secret: app.secret,
      access_token: short,
    })
    const graphUrl = config.graphUrl.replace(/\/+$/, '')
    const prolonged = bodyOf(
      await askPlatform(fetch, `${graphUrl}/access_token?${query}`, { method: 'GET' }, signal),
      'exchanging the token',
    )
    if ('status' in prolonged) return prolonged
    const long = readToken(prolonged.body)
    if (long === null) return failed('exchanging the token: the answer holds no token')
    const tokenExpiresAt = endOf(long.expiresInSeconds, now())

    const path = 'me?fields=user_id,username,name,account_type'
    const asked = bodyOf(
      await graph({ method: 'GET', flavour: 'instagram', path, token: long.token }, signal),
      'asking whose account it is',
    )
    if ('status' in asked) return asked
    const me = asShape<Me>(asked.body)
    const account = readId(me?.user_id, 64)
    if (account === null) return failed('asking whose account it is: the answer names none')
    const appScopedId = readId(me?.id, 64)
    return {
      status: 'granted',
      accounts: [
        {
          account: accountId(account),
          alias: appScopedId === null || appScopedId === account ? null : accountId(appScopedId),
          grantedBy: null,
          name: nameOf(me, account),
          settings: { pageId: account, login: 'instagram', ...(appScopedId === null ? {} : { appScopedId }) },
          secrets: { accessToken: long.token },
          tokenExpiresAt,
          // A login that lacks one has ended above.
          missingPermissions: scopes === null ? null : [],
        },
      ],
    }
  }

  return {
    name: 'instagram',
    needs: ['INSTAGRAM_APP_ID', 'INSTAGRAM_APP_SECRET'],
    isConfigured: app !== null,
    authorizeUrl({ state, redirectUri }) {
      const query = authorizeQuery({ clientId: app?.id ?? '', redirectUri, scopes: SCOPES, state })
      return `${config.instagramOauthUrl}/oauth/authorize?${query}`
    },
    redeem,
  }
}

/** In its two wrappings: under `data`, as documented, or bare. */
function readExchange(body: unknown): { short: string | null; scopes: ReadonlySet<string> | null } {
  const outer = asShape<Exchange>(body)
  const inner = asShape<Exchange>(asList(outer?.data)[0]) ?? outer
  return { short: readToken(inner)?.token ?? null, scopes: readScopes(inner?.permissions) }
}

type ExchangeError = Shape<'error_type' | 'error_message'>

/** This host has an error of its own shape. */
function isRefusedCode(answer: GraphAnswer): boolean {
  if (answer.kind !== 'answered' || answer.status !== 400) return false
  const { error_message } = asShape<ExchangeError>(answer.body) ?? {}
  return typeof error_message === 'string' && /code|redirect_uri/i.test(error_message)
}

const nameOf = (me: Me | null, account: string): string =>
  (readText(me?.username) ?? readText(me?.name) ?? `Instagram ${account}`).slice(0, 100)
