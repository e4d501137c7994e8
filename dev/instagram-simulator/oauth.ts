import { refuse } from './graph-errors.ts'
import type { Answer } from './http.ts'
import { LONG_LIVED_SECONDS, SCOPES } from './tokens.ts'
import type { SimulatedAccount } from './types.ts'
import type { World } from './world.ts'

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

/**
 * Step 1, in the browser: the person agrees at once and is sent back with a code. What a real one would do on the page is
 * said by further parameters: `simulate_account` (whose login it is; else the app's first), `simulate_denial=1`,
 * `simulate_scopes` (what they leave on), and `simulate_person` (who it is, as Facebook's callbacks name them).
 */
export function authorize(world: World, query: URLSearchParams): Answer {
  const wanted = world.accounts.get(query.get('simulate_account') ?? '')
  const account = wanted?.appId === query.get('client_id') ? wanted : appOf(world, query)
  const back = query.get('redirect_uri')
  if (!account || back === null || !URL.canParse(back)) return badExchange('Invalid platform app')
  const state = query.get('state')
  const kept = state === null ? '' : `&state=${encodeURIComponent(state)}`
  if (query.get('simulate_denial') === '1') {
    const denial = 'error=access_denied&error_reason=user_denied&error_description=The+user+denied+your+request'
    return { status: 302, headers: { Location: `${back}?${denial}${kept}` }, body: {} }
  }
  const scopes = query.get('simulate_scopes')?.split(',') ?? SCOPES[account.login]
  const code = world.tokens.newCode(account, back, scopes, query.get('simulate_person') ?? undefined)
  const location = `${back}?code=${code}${kept}#_`
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
  if (code?.account.appId !== account.appId) return badExchange('Matching code was not found or was already used')
  if (code.redirectUri !== null && code.redirectUri !== form.get('redirect_uri')) {
    return badExchange('Error validating verification code. Please make sure your redirect_uri is identical')
  }
  const token = world.tokens.issue(code.account, 'short', { scopes: code.scopes })
  const permissions = code.scopes.join(',')
  return { status: 200, body: { data: [{ access_token: token, user_id: code.account.appScopedId, permissions }] } }
}

/** Step 2 with Facebook: `GET /oauth/access_token` with a code, answered in the shape of the other exchanges. */
function exchangeFacebookCode(world: World, query: URLSearchParams): Answer {
  const app = appOf(world, query)
  if (app?.appSecret !== query.get('client_secret')) {
    return refuse('facebook', { code: 1, message: 'Error validating client secret.' })
  }
  const code = world.tokens.redeem(query.get('code') ?? '')
  if (code?.account.appId !== app.appId || code.redirectUri !== query.get('redirect_uri')) {
    return refuse('facebook', { code: 100, subcode: 36009, message: 'This authorization code has been used.' })
  }
  const token = world.tokens.issue(code.account, 'short', {
    scopes: code.scopes,
    isPersonal: true,
    person: code.person,
  })
  return { status: 200, body: { access_token: token, token_type: 'bearer', expires_in: 3_600 } }
}

/** `GET /debug_token`, for the app itself: whose a token is and what it may do. */
export function debugToken(world: World, query: URLSearchParams): Answer {
  const [appId = '', secret = ''] = (query.get('access_token') ?? '').split('|')
  const app = [...world.accounts.values()].find((account) => account.appId === appId && account.appSecret === secret)
  if (!app) return refuse('facebook', { code: 190, message: 'Invalid OAuth access token.' })
  const grant = world.tokens.find(query.get('input_token') ?? '')
  if (!grant) return { status: 200, body: { data: { is_valid: false, scopes: [] } } }
  const { account, scopes, isPersonal, person, issuedAt, expiresAt } = grant
  const data = {
    app_id: account.appId,
    type: isPersonal ? 'USER' : 'PAGE',
    is_valid: true,
    issued_at: Math.floor(issuedAt / 1_000),
    expires_at: isPersonal ? Math.floor(expiresAt / 1_000) : 0,
    scopes,
    user_id: person,
  }
  return { status: 200, body: { data } }
}

/** Step 3: `GET /access_token`: token of one hour → token of 60 days. */
export function exchangeToken(world: World, query: URLSearchParams): Answer {
  if (query.has('code')) return exchangeFacebookCode(world, query)
  const grant = world.tokens.find(query.get('access_token') ?? query.get('fb_exchange_token') ?? '')
  if (!grant) return refuse('instagram', { code: 190 })
  const { account } = grant
  if (!/^(ig|fb)_exchange_token$/.test(query.get('grant_type') ?? '')) return refuse(account.login, { code: 100 })
  if (query.get('client_secret') !== account.appSecret) {
    return refuse(account.login, { code: 1, message: 'Error validating client secret.' })
  }
  const { scopes, isPersonal, person } = grant
  return bearer(world.tokens.issue(account, 'long', { scopes, isPersonal, person }))
}

/** `GET /refresh_access_token`: only tokens of 60 days that are a day old. */
export function refreshToken(world: World, query: URLSearchParams): Answer {
  const grant = world.tokens.find(query.get('access_token') ?? '')
  if (!grant) return refuse('instagram', { code: 190 })
  if (query.get('grant_type') !== 'ig_refresh_token' || !world.tokens.mayRefresh(grant)) {
    return refuse(grant.account.login, { code: 100, message: 'The token cannot be refreshed yet' })
  }
  return bearer(world.tokens.issue(grant.account, 'long', { scopes: grant.scopes }))
}
