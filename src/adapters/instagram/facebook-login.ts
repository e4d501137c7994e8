import type { AccountLogin, GrantedAccount, LoginAnswer } from '../../ports/account-login.ts'
import { asList, asShape, readFlag, readId, readText, type Shape } from '../channel-kit/fields.ts'
import { askPlatform, createGraphClient, type GraphAnswer, type InstagramConfig } from './graph-client.ts'
import { readGraphError } from './graph-error.ts'
import { accountId } from './ids.ts'
import { bodyOf, failed, type LoginConfig, missingOf, readScopes, readToken } from './login-answer.ts'
import { authorizeQuery } from './login-request.ts'

const SCOPES = [
  'instagram_basic',
  'instagram_manage_messages',
  'instagram_manage_comments',
  'pages_manage_metadata',
  'pages_show_list',
  'pages_read_engagement',
  'business_management',
] as const

/** Meta gives 25 at once unless asked, and may give fewer than asked. */
const PAGES_AT_ONCE = 100
const MAX_LISTS = 50

type List = Shape<'data' | 'paging'>
type Paging = Shape<'next' | 'cursors'>
type Cursors = Shape<'after'>
type Page = Shape<'id' | 'name' | 'access_token' | 'instagram_business_account'>
type Linked = Shape<'id' | 'username'>
type Debug = Shape<'data'>
type Inspected = Shape<'app_id' | 'is_valid' | 'scopes' | 'user_id'>

/**
 * Facebook Login: the person's token opens the list of their Pages, and each Page's own token, which has no end, sends.
 * https://developers.facebook.com/docs/facebook-login/guides/access-tokens
 */
export function createFacebookLogin(
  config: InstagramConfig & LoginConfig,
  fetch: typeof globalThis.fetch,
): AccountLogin {
  const { metaApp: app } = config
  const graph = createGraphClient(config, fetch)
  const version = config.graphVersion === '' ? '' : `/${config.graphVersion}`
  const base = `${config.facebookGraphUrl.replace(/\/+$/, '')}${version}`
  const get = (path: string, query: Record<string, string>, signal: AbortSignal) =>
    askPlatform(fetch, `${base}/${path}?${new URLSearchParams(query)}`, { method: 'GET' }, signal)

  async function redeem(
    { code, redirectUri }: Parameters<AccountLogin['redeem']>[0],
    signal: AbortSignal,
  ): Promise<LoginAnswer> {
    if (app === null) return failed('no app is configured')
    const own = { client_id: app.id, client_secret: app.secret }
    const exchanged = await get('oauth/access_token', { ...own, redirect_uri: redirectUri, code }, signal)
    if (isRefusedCode(exchanged)) return { status: 'code-refused', detail: 'Facebook does not accept this login.' }
    const short = tokenIn(exchanged, 'exchanging the code')
    if (typeof short !== 'string') return short
    const prolonging = { ...own, grant_type: 'fb_exchange_token', fb_exchange_token: short }
    const long = tokenIn(await get('oauth/access_token', prolonging, signal), 'exchanging the token')
    if (typeof long !== 'string') return long

    // Only Facebook's host says by itself whose app a token was issued to.
    const inspection = { input_token: long, access_token: `${app.id}|${app.secret}` }
    const inspected = bodyOf(await get('debug_token', inspection, signal), 'inspecting the token')
    if ('status' in inspected) return inspected
    const facts = asShape<Inspected>(asShape<Debug>(inspected.body)?.data)
    if (readId(facts?.app_id) !== app.id || !readFlag(facts?.is_valid)) {
      return failed('inspecting the token: it is not valid, or was issued to another app')
    }
    const scopes = readScopes(facts?.scopes)
    const missing = missingOf(SCOPES, scopes)
    if (missing.length > 0) return { status: 'scopes-missing', missing }

    const pages = await allPages(long, signal)
    if ('status' in pages) return pages
    const person = readId(facts?.user_id, 64)
    const accounts = pages.found.flatMap((page) => granted(page, person, scopes === null ? null : []))
    if (accounts.length > 0) return { status: 'granted', accounts }
    const why =
      pages.found.length === 0 ? 'has no Page' : 'has no Page that is linked to an Instagram professional account'
    return { status: 'no-account', detail: `The person who logged in ${why}, or did not choose one.` }
  }

  /** Follows the cursors, not the ready-made links: those hold the token, and point wherever they like. */
  async function allPages(
    token: string,
    signal: AbortSignal,
  ): Promise<Readonly<{ found: readonly Page[] }> | Extract<LoginAnswer, { status: 'failed' }>> {
    const found: Page[] = []
    let after: string | null = null
    for (let lists = 0; lists < MAX_LISTS; lists++) {
      const query = new URLSearchParams({
        fields: 'id,name,access_token,tasks,instagram_business_account{id,username}',
        limit: String(PAGES_AT_ONCE),
        ...(after === null ? {} : { after }),
      })
      const path = `me/accounts?${query}`
      const answer = await graph({ method: 'GET', flavour: 'facebook', path, token }, signal)
      const listed = bodyOf(answer, 'listing the Pages')
      if ('status' in listed) return listed
      const { data, paging } = asShape<List>(listed.body) ?? {}
      found.push(...asList(data).flatMap((page) => asShape<Page>(page) ?? []))
      const more = asShape<Paging>(paging)
      const next = readText(asShape<Cursors>(more?.cursors)?.after)
      if (readText(more?.next) === null || next === null || next === after) break
      after = next
    }
    return { found }
  }

  return {
    name: 'facebook',
    needs: ['META_APP_ID', 'META_APP_SECRET'],
    isConfigured: app !== null,
    authorizeUrl({ state, redirectUri }) {
      const query = authorizeQuery({ clientId: app?.id ?? '', redirectUri, scopes: SCOPES, state })
      return `${config.facebookOauthUrl}${version}/dialog/oauth?${query}`
    },
    redeem,
  }
}

function tokenIn(answer: GraphAnswer, step: string): string | Extract<LoginAnswer, { status: 'failed' }> {
  const read = bodyOf(answer, step)
  if ('status' in read) return read
  return readToken(read.body)?.token ?? failed(`${step}: the answer holds no token`)
}

/** At this step `100` says that the code is used, old, or another address's. */
function isRefusedCode(answer: GraphAnswer): boolean {
  if (answer.kind !== 'answered' || answer.status < 400 || answer.status > 499) return false
  return readGraphError(answer.body)?.code === 100
}

/** Events name the Instagram account, messages go out through the Page, with the Page's token and never the person's. */
function granted(
  page: Page,
  person: string | null,
  missingPermissions: GrantedAccount['missingPermissions'],
): readonly GrantedAccount[] {
  const linked = asShape<Linked>(page.instagram_business_account)
  const [account, pageId, token] = [readId(linked?.id, 64), readId(page.id, 64), readToken(page)?.token]
  if (account === null || pageId === null || token === undefined) return []
  const name = readText(linked?.username) ?? readText(page.name) ?? `Instagram ${account}`
  return [
    {
      account: accountId(account),
      alias: null,
      grantedBy: person,
      name: name.slice(0, 100),
      settings: { pageId: account, login: 'facebook', facebookPageId: pageId },
      secrets: { accessToken: token },
      tokenExpiresAt: null,
      missingPermissions,
    },
  ]
}
