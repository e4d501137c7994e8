import { refuse } from './graph-errors.ts'
import type { Answer } from './http.ts'
import { LONG_LIVED_SECONDS } from './tokens.ts'
import type { SimulatedAccount } from './types.ts'
import type { World } from './world.ts'

const SCOPES = 'instagram_business_basic,instagram_business_manage_messages,instagram_business_manage_comments'

/** The code exchange answers in a shape of its own. */
const badExchange = (message: string): Answer => ({
  status: 400,
  body: { error_type: 'OAuthException', code: 400, error_message: message },
})

const bearer = (token: string): Answer => ({
  status: 200,
  body: { access_token: token, token_type: 'bearer', expires_in: LONG_LIVED_SECONDS },
})

const appOf = (world: World, query: URLSearchParams): SimulatedAccount | undefined =>
  [...world.accounts.values()].find(({ appId }) => appId === query.get('client_id'))

/** Step 1, in the browser: the person agrees at once and is sent back with a code. */
export function authorize(world: World, query: URLSearchParams): Answer {
  const account = appOf(world, query)
  const back = query.get('redirect_uri')
  if (!account || back === null || !URL.canParse(back)) return badExchange('Invalid platform app')
  const state = query.get('state')
  const code = world.tokens.newCode(account, back)
  const location = `${back}?code=${code}${state === null ? '' : `&state=${encodeURIComponent(state)}`}#_`
  return { status: 302, headers: { Location: location }, body: {} }
}

/** Step 2: `POST /oauth/access_token`, form or multipart: code → token of one hour. */
export function exchangeCode(world: World, form: URLSearchParams): Answer {
  for (const name of ['client_id', 'client_secret', 'grant_type', 'redirect_uri', 'code']) {
    if (!form.get(name)) return badExchange(`Missing required field ${name}`)
  }
  if (form.get('grant_type') !== 'authorization_code') return badExchange('Invalid grant_type')
  const account = appOf(world, form)
  if (!account) return badExchange('Invalid platform app')
  if (account.appSecret !== form.get('client_secret')) return badExchange('Error validating client secret.')
  const code = world.tokens.redeem((form.get('code') ?? '').replace(/#_$/, ''))
  if (code?.account !== account) return badExchange('Matching code was not found or was already used')
  if (code.redirectUri !== null && code.redirectUri !== form.get('redirect_uri')) {
    return badExchange('Error validating verification code. Please make sure your redirect_uri is identical')
  }
  const token = world.tokens.issue(account, 'short')
  return { status: 200, body: { data: [{ access_token: token, user_id: account.id, permissions: SCOPES }] } }
}

/** Step 3: `GET /access_token`: token of one hour → token of 60 days. */
export function exchangeToken(world: World, query: URLSearchParams): Answer {
  const grant = world.tokens.find(query.get('access_token') ?? query.get('fb_exchange_token') ?? '')
  if (!grant) return refuse('instagram', { code: 190 })
  const { account } = grant
  if (!/^(ig|fb)_exchange_token$/.test(query.get('grant_type') ?? '')) return refuse(account.login, { code: 100 })
  if (query.get('client_secret') !== account.appSecret) {
    return refuse(account.login, { code: 1, message: 'Error validating client secret.' })
  }
  return bearer(world.tokens.issue(account, 'long'))
}

/** `GET /refresh_access_token`: only tokens of 60 days that are a day old. */
export function refreshToken(world: World, query: URLSearchParams): Answer {
  const grant = world.tokens.find(query.get('access_token') ?? '')
  if (!grant) return refuse('instagram', { code: 190 })
  if (query.get('grant_type') !== 'ig_refresh_token' || !world.tokens.mayRefresh(grant)) {
    return refuse(grant.account.login, { code: 100, message: 'The token cannot be refreshed yet' })
  }
  return bearer(world.tokens.issue(grant.account, 'long'))
}
