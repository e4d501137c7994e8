import { aboutPost, pick } from './about-post.ts'
import { listPages, subscriptions } from './account-edges.ts'
import { commentCall } from './comment-edges.ts'
import { listConversations, readThread } from './conversations.ts'
import { refuse } from './graph-errors.ts'
import { type Answer, type Call, jsonObject, parameters } from './http.ts'
import { authorize, debugToken, exchangeCode, exchangeToken, refreshToken } from './oauth.ts'
import { oauthKind, type RouteKind, routeKind } from './route-kind.ts'
import { type Sending, send } from './send.ts'
import type { Grant } from './tokens.ts'
import type { Login, SimulatedAccount, SimulatedCustomer } from './types.ts'
import { underFaults } from './under-faults.ts'
import type { World } from './world.ts'

const HOSTS: Record<string, Login> = { 'graph.instagram.com': 'instagram', 'graph.facebook.com': 'facebook' }

export type GraphAnswer = Answer & Readonly<{ accountId: string | null; route: RouteKind }>

/**
 * Both Graph hosts and the login hosts in one. A path may begin with the host it stands for
 * (`/graph.facebook.com/v26.0/…`); then only accounts of that login are known there.
 */
export async function answerGraph(sending: Sending, call: Call): Promise<GraphAnswer> {
  const segments = call.url.pathname.split('/').filter((segment) => segment !== '')
  const host = segments[0]?.includes('.com') ? (segments.shift() ?? null) : null
  if (/^v\d+\.\d+$/.test(segments[0] ?? '')) segments.shift()
  const form = await parameters(call)
  const named = `${call.method} ${segments.join('/')}`
  const oauth = oauthCall(named)
  if (oauth) {
    const { id, login } = oauthCaller(sending.world, form)
    const logIn = () => oauth(sending.world, form)
    const kind = oauthKind(named, form) ?? 'other'
    return { ...(await underFaults(sending.faults, kind, { id, login }, logIn)), accountId: id, route: kind }
  }

  const token = /^Bearer (.+)$/i.exec(call.headers.authorization ?? '')?.[1] ?? form.get('access_token')
  const body = jsonObject(call.body) ?? fromForm(form)
  const given = token ?? (typeof body['access_token'] === 'string' ? body['access_token'] : null)
  const asked: Login = HOSTS[host ?? ''] ?? 'instagram'
  if (given === null) return { ...refuse(asked, { code: 104 }), accountId: null, route: 'other' }
  const grant = sending.world.tokens.find(given)
  const account = grant?.account
  if (!account || (host !== null && host in HOSTS && account.login !== asked)) {
    return { ...refuse(asked, { code: 190, subcode: 463 }), accountId: null, route: 'other' }
  }
  // Every route, those to come too, has its faults here.
  const kind = oauthKind(named, form) ?? routeKind(sending.world, call.method, segments, body)
  const answer = await underFaults(sending.faults, kind, account, () =>
    !isAllowed(grant, kind)
      ? refuse(account.login, { code: 10, message: '(#10) Application does not have permission for this action' })
      : grant?.isPersonal
        ? personal(sending.world, account, named, form)
        : route(sending, account, call.method, segments, form, body),
  )
  return { ...answer, accountId: account.id, route: kind }
}

/** With the token of the person who logged in at Facebook: it opens the list of their Pages and nothing else. */
const personal = (world: World, account: SimulatedAccount, call: string, form: URLSearchParams): Answer =>
  call === 'GET me/accounts' ? listPages(world, account, form) : refuse('facebook', { code: 200 })

/** What a person leaves off on the login page is refused from then on. */
function isAllowed({ account, scopes, isPersonal }: Grant, kind: RouteKind): boolean {
  const of = NEEDED[kind]
  if (of === undefined || isPersonal) return true
  return scopes.includes(account.login === 'facebook' ? `instagram_manage_${of}` : `instagram_business_manage_${of}`)
}

const NEEDED: Partial<Record<RouteKind, 'messages' | 'comments'>> = {
  send: 'messages',
  'sender-action': 'messages',
  upload: 'messages',
  conversations: 'messages',
  comments: 'comments',
}

/** Who logs in: whose app it is, or whose token. */
function oauthCaller({ accounts, tokens }: World, form: URLSearchParams): { id: string | null; login: Login } {
  const token = form.get('access_token') ?? form.get('fb_exchange_token')
  const account =
    (token === null ? null : tokens.find(token)?.account) ??
    [...accounts.values()].find(({ appId }) => appId === form.get('client_id'))
  return { id: account?.id ?? null, login: account?.login ?? 'instagram' }
}

function oauthCall(call: string) {
  if (call === 'GET oauth/authorize' || call === 'GET dialog/oauth') return authorize
  if (call === 'POST oauth/access_token') return exchangeCode
  if (call === 'GET debug_token') return debugToken
  if (call === 'GET access_token' || call === 'GET oauth/access_token') return exchangeToken
  return call === 'GET refresh_access_token' ? refreshToken : null
}

async function route(
  sending: Sending,
  account: SimulatedAccount,
  method: string,
  [node = '', edge, ...rest]: string[],
  form: URLSearchParams,
  body: Record<string, unknown>,
): Promise<Answer> {
  const nothing = refuse(account.login, { code: 100, subcode: 33 })
  if (rest.length > 0) return refuse(account.login, { code: 2500, message: 'Unknown path components', httpStatus: 500 })
  const isAccount = node === 'me' || node === account.id || node === account.pageId || node === account.appScopedId
  const fields = (form.get('fields') ?? '').split(',').map((field) => field.trim())
  if (isAccount && edge === 'messages' && method === 'POST') {
    // Messages of a Page's account go to the Page, and the other way round; Meta tells the two mistakes apart.
    if (account.login === 'facebook' && node === account.id) return refuse('facebook', { code: 3 })
    if (account.login === 'instagram' && node === account.pageId) return nothing
    return send(sending, account, body)
  }
  if (isAccount && edge === 'subscribed_apps') {
    return subscriptions(sending.world, account, method, form, body)
  }
  if (isAccount && edge === 'conversations' && method === 'GET') {
    // The account's own node of each login, as for messages.
    if (account.login === 'facebook' && node === account.id) return refuse('facebook', { code: 3 })
    if (account.login === 'instagram' && node === account.pageId) return nothing
    return listConversations(sending, account, form)
  }
  if (isAccount && edge === 'media' && method === 'GET') {
    const posts = [...sending.world.media.values()].filter((post) => post.account === account && !post.deleted)
    return { status: 200, body: { data: posts.map((post) => pick(aboutPost(post), fields)) } }
  }
  if (edge === 'comments' && method === 'GET' && sending.world.media.get(node)?.account === account) {
    const under = [...sending.world.comments.values()].filter(
      ({ postId, parentId, deleted }) => postId === node && parentId === null && !deleted,
    )
    return { status: 200, body: { data: under.map(({ id }) => ({ id })) } }
  }
  const aboutComment = commentCall(
    sending,
    account,
    edge === undefined ? method : `${method} ${edge}`,
    node,
    form,
    body,
  )
  if (aboutComment) return aboutComment
  if (edge !== undefined || method !== 'GET') return nothing
  if (isAccount) {
    const mentioned = MENTIONED.exec(form.get('fields') ?? '')
    if (mentioned) return mention(sending.world, account, mentioned[1] as 'media' | 'comment', mentioned[2] ?? '')
    const isPage = account.login === 'facebook' && (node === 'me' || node === account.pageId)
    return { status: 200, body: pick(isPage ? aboutPage(account) : aboutAccount(account), fields) }
  }
  const post = sending.world.media.get(node)
  if (post)
    return post.account === account && !post.deleted ? { status: 200, body: pick(aboutPost(post), fields) } : nothing
  const customer = sending.world.customers.get(node)
  if (customer?.account === account) return profile(sending, customer, fields)
  return readThread(sending, account, node, form) ?? nothing
}

function profile({ world }: Sending, customer: SimulatedCustomer, fields: readonly string[]): Answer {
  if (customer.profile === 'missing') return refuse(customer.account.login, { code: 9010 })
  // Only who wrote or tapped a button has agreed to be looked up; who commented has not.
  if (!world.lastWroteAt.has(customer.id)) return refuse(customer.account.login, { code: 230 })
  const known = {
    name: customer.name,
    username: customer.username,
    profile_pic: `https://scontent.cdninstagram.com/v/${customer.id}.jpg?oe=simulated`,
    follower_count: 120,
    is_user_follow_business: true,
    is_business_follow_user: false,
    is_verified_user: false,
    id: customer.id,
  }
  return { status: 200, body: pick(known, fields) }
}

const aboutAccount = (account: SimulatedAccount) => ({
  user_id: account.id,
  username: account.username,
  name: account.name,
  account_type: 'BUSINESS',
  id: account.appScopedId,
})

const aboutPage = ({ id, pageId, username, name }: SimulatedAccount) => ({
  id: pageId,
  name,
  instagram_business_account: { id, username },
})

/** `mentioned_media.media_id(1){…}` or `mentioned_comment.comment_id(1){…}` */
const MENTIONED = /^mentioned_(media|comment)\.\w+_id\((\w+)\)\{/

function mention(
  { mentions }: Sending['world'],
  account: SimulatedAccount,
  of: 'media' | 'comment',
  id: string,
): Answer {
  const found = mentions.get(id)
  if (found?.customer.account !== account) return refuse(account.login, { code: 100, subcode: 33 })
  const { customer, text, mediaId } = found
  const picture = `https://scontent.cdninstagram.com/v/${mediaId}.jpg?oe=simulated`
  // The author of a comment is not told.
  const fields =
    of === 'media'
      ? { mentioned_media: { id, caption: text, media_url: picture, username: customer.username } }
      : { mentioned_comment: { id, text, media: { id: mediaId, media_url: picture } } }
  return { status: 200, body: { ...fields, id: account.id } }
}

/** A form carries objects as JSON text. */
function fromForm(form: URLSearchParams): Record<string, unknown> {
  const parsed = [...form].map(([name, value]) => [name, jsonObject(Buffer.from(value)) ?? value] as const)
  return Object.fromEntries(parsed)
}
