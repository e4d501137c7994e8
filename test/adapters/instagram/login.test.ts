import type { ServerResponse } from 'node:http'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { createInstagramChannel } from '../../../src/adapters/instagram/channel.ts'
import type { ExternalAccountId } from '../../../src/core/ids.ts'
import type { AccountLogin } from '../../../src/ports/account-login.ts'
import type { AccountSubscriptions } from '../../../src/ports/account-subscriptions.ts'
import { type GraphServer, json, startGraphServer } from './graph-server.ts'

type Reply = Readonly<{ status?: number; body: unknown }>
type Script = (path: string, query: URLSearchParams) => Reply

const APP = { id: '11223344556677881', secret: 'planted-secret' }
const ACCOUNT = '17841499999999999'
const OTHER_ID = '90071992547409931'
const grant = { code: 'the-code', redirectUri: 'https://inbox.example.com/oauth/instagram/callback' }

/** All of Meta's hosts as one server that answers by path. */
async function stage(t: ExecutionContext, name: 'instagram' | 'facebook', script: Script) {
  const server: GraphServer = await startGraphServer((response: ServerResponse, socket) => {
    const call = server.calls.at(-1)
    const url = new URL(call?.url ?? '/', 'http://graph')
    const { status = 200, body } = script(url.pathname, url.searchParams)
    json(status, body)(response, socket)
  })
  t.teardown(() => server.stop())
  const config = {
    graphUrl: server.url,
    facebookGraphUrl: server.url,
    graphVersion: 'v26.0',
    instagramOauthUrl: 'https://www.instagram.com',
    instagramTokenUrl: server.url,
    facebookOauthUrl: 'https://www.facebook.com',
    instagramApp: APP,
    metaApp: APP,
  }
  const { logins, subscriptions } = createInstagramChannel(config, { fetch })
  const login = logins?.find((one) => one.name === name) as AccountLogin
  return {
    login,
    subscriptions: subscriptions as AccountSubscriptions,
    server,
    redeem: () => login.redeem(grant, AbortSignal.timeout(10_000)),
  }
}

const SCOPES = 'instagram_business_basic,instagram_business_manage_messages,instagram_business_manage_comments'
const LONG = { access_token: 'IGAAlong', token_type: 'bearer', expires_in: 5_183_944 }

const instagram =
  (exchange: Reply, more: Readonly<Record<string, Reply>> = {}): Script =>
  (path) =>
    more[path] ??
    {
      '/oauth/access_token': exchange,
      '/access_token': { body: LONG },
      '/v26.0/me': { body: `{"user_id":${ACCOUNT},"id":"${OTHER_ID}","username":"acme"}` },
    }[path] ?? { status: 404, body: {} }

test('whatever form the exchange answers in, the account is the user_id of /me, digit by digit', async (t) => {
  const scopes = SCOPES.split(',')
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.constantFrom<unknown>(SCOPES, scopes, scopes.join(' '), undefined),
      fc.constantFrom('"17841400000000101"', '17841400000000101', '99999999999999999999', 'null'),
      async (isWrapped, permissions, userId) => {
        const inner = JSON.stringify({ access_token: 'IGAAshort', permissions }).replace(/}$/, `,"user_id":${userId}}`)
        const { redeem } = await stage(t, 'instagram', instagram({ body: isWrapped ? `{"data":[${inner}]}` : inner }))
        const answer = await redeem()
        t.is(answer.status, 'granted')
        if (answer.status !== 'granted') return
        const [account, ...others] = answer.accounts
        t.deepEqual(others, [])
        t.like(account, {
          account: ACCOUNT,
          alias: OTHER_ID,
          name: 'acme',
          settings: { pageId: ACCOUNT, appScopedId: OTHER_ID, login: 'instagram' },
          secrets: { accessToken: 'IGAAlong' },
          missingPermissions: permissions === undefined ? null : [],
        } as object)
      },
    ),
    { numRuns: 16 },
  )
})

test('the app speaks with its own secret, and the code stays in the body', async (t) => {
  const { redeem, server } = await stage(t, 'instagram', instagram({ body: { access_token: 'IGAAshort' } }))
  await redeem()
  const [first] = server.calls
  t.is(`${first?.method} ${first?.url}`, 'POST /oauth/access_token')
  t.deepEqual(Object.fromEntries(new URLSearchParams(first?.body)), {
    client_id: APP.id,
    client_secret: APP.secret,
    grant_type: 'authorization_code',
    redirect_uri: grant.redirectUri,
    code: 'the-code',
  })
})

test('each step that Instagram refuses has its own answer, without a word of what was sent', async (t) => {
  const ok = { body: { access_token: 'IGAAshort', permissions: SCOPES } }
  const wrongApp = { error: { message: 'Unsupported request - method type: get', type: 'IGApiException', code: 100 } }
  const code = {
    error_type: 'OAuthException',
    code: 400,
    error_message: 'Matching code was not found or was already used',
  }
  const cases: readonly [Script, object][] = [
    [instagram({ status: 400, body: code }), { status: 'code-refused' }],
    [
      instagram({
        status: 400,
        body: { error_type: 'OAuthException', code: 400, error_message: 'Invalid platform app' },
      }),
      { status: 'failed', detail: 'exchanging the code: the platform answered 400' },
    ],
    [instagram({ status: 500, body: 'oops' }), { status: 'failed' }],
    [instagram({ body: { data: [] } }), { status: 'failed', detail: 'exchanging the code: the answer holds no token' }],
    [
      instagram({ body: { access_token: 'IGAAshort', permissions: ['instagram_business_basic'] } }),
      {
        status: 'scopes-missing',
        missing: ['instagram_business_manage_messages', 'instagram_business_manage_comments'],
      },
    ],
    [
      instagram(ok, { '/access_token': { status: 400, body: wrongApp } }),
      {
        status: 'failed',
        detail:
          'exchanging the token: the app may not act for this account; while it is not Live the account needs a role in it',
      },
    ],
    [
      instagram(ok, { '/v26.0/me': { body: { id: OTHER_ID, username: 'acme' } } }),
      { status: 'failed', detail: 'asking whose account it is: the answer names none' },
    ],
    [
      instagram(ok, {
        '/v26.0/me': { status: 400, body: { error: { code: 190, error_subcode: 0, message: 'IGAAlong' } } },
      }),
      { status: 'failed', detail: 'asking whose account it is: the platform answered 400 (190)' },
    ],
  ]
  for (const [script, expected] of cases) {
    const answer = await (await stage(t, 'instagram', script)).redeem()
    t.like(answer, expected)
    t.notRegex(JSON.stringify(answer), /IGAAshort|IGAAlong|planted|the-code/)
  }
})

const page = (id: string, account: string | null) => ({
  id,
  name: `Page ${id}`,
  access_token: `EAApage${id}`,
  ...(account === null ? {} : { instagram_business_account: { id: account } }),
})
const FACEBOOK_SCOPES = [
  'instagram_basic',
  'instagram_manage_messages',
  'instagram_manage_comments',
  'pages_manage_metadata',
  'pages_show_list',
  'pages_read_engagement',
  'business_management',
]

const facebook =
  (pages: readonly object[], debug: object = {}): Script =>
  (path, query) => {
    if (path === '/v26.0/oauth/access_token')
      return { body: { access_token: query.has('code') ? 'EAAshort' : 'EAAperson' } }
    if (path === '/v26.0/debug_token') {
      return { body: { data: { app_id: APP.id, is_valid: true, scopes: FACEBOOK_SCOPES, ...debug } } }
    }
    const at = Number(query.get('after') ?? 0)
    const next = at + 1 < pages.length ? { next: 'http://elsewhere.invalid/' } : {}
    return { body: { data: pages.slice(at, at + 1), paging: { cursors: { after: String(at + 1) }, ...next } } }
  }

test('with Facebook every list of Pages is read, and the token is the Page’s own', async (t) => {
  const pages = [page('1', null), page('2', '17841400000000202'), page('3', '17841400000000303'), page('4', null)]
  const { redeem, server } = await stage(t, 'facebook', facebook(pages))
  const answer = await redeem()
  t.like(answer, {
    status: 'granted',
    accounts: [
      {
        account: '17841400000000202',
        secrets: { accessToken: 'EAApage2' },
        settings: { facebookPageId: '2', login: 'facebook' },
      },
      { account: '17841400000000303', secrets: { accessToken: 'EAApage3' }, settings: { facebookPageId: '3' } },
    ],
  } as object)
  t.is(server.calls.filter(({ url }) => url.includes('/me/accounts')).length, 4)
  t.notRegex(JSON.stringify(answer), /EAAperson|EAAshort/)
})

test('with Facebook a token of another app, a missing permission or no account connects nothing', async (t) => {
  const linked = [page('2', '17841400000000202')]
  const cases: readonly [Script, object][] = [
    [facebook(linked, { app_id: '1' }), { status: 'failed' }],
    [facebook(linked, { is_valid: false }), { status: 'failed' }],
    [
      facebook(linked, { scopes: FACEBOOK_SCOPES.slice(1) }),
      { status: 'scopes-missing', missing: ['instagram_basic'] },
    ],
    [facebook([page('1', null)]), { status: 'no-account' }],
    [facebook([]), { status: 'no-account' }],
    [
      () => ({ status: 400, body: { error: { code: 100, error_subcode: 36009, message: 'used' } } }),
      { status: 'code-refused' },
    ],
  ]
  for (const [script, expected] of cases) t.like(await (await stage(t, 'facebook', script)).redeem(), expected)
})

const granted = {
  account: ACCOUNT as ExternalAccountId,
  settings: { pageId: ACCOUNT, login: 'instagram' },
  secrets: { accessToken: 'IGAAlong' },
}

test('a subscription counts once it can be read back', async (t) => {
  const cases: readonly [unknown, 'subscribed' | 'failed'][] = [
    [{ data: [{ id: APP.id, subscribed_fields: ['messages', 'comments'] }] }, 'subscribed'],
    [{ data: [{ id: '999', subscribed_fields: ['messages'] }, { id: APP.id }] }, 'subscribed'],
    [{ data: [] }, 'failed'],
    [{ data: [{ id: '999', subscribed_fields: ['messages'] }] }, 'failed'],
    [{ data: [{ id: APP.id, subscribed_fields: ['comments'] }] }, 'failed'],
  ]
  for (const [read, expected] of cases) {
    let asked = 0
    const { subscriptions } = await stage(t, 'instagram', () => ({ body: asked++ === 0 ? { success: true } : read }))
    t.is((await subscriptions.add(granted, AbortSignal.timeout(10_000))).status, expected, JSON.stringify(read))
  }
})

test('an account is unsubscribed at its own node, and what may have failed is tried again', async (t) => {
  const cases: readonly [Reply, 'unsubscribed' | 'retry' | 'refused'][] = [
    [{ body: { success: true } }, 'unsubscribed'],
    [{ body: { success: false } }, 'retry'],
    [{ status: 500, body: {} }, 'retry'],
    [{ status: 400, body: { error: { code: 613, message: 'slower' } } }, 'retry'],
    [{ status: 400, body: { error: { code: 190, message: 'dead' } } }, 'refused'],
    [{ status: 400, body: { error: { code: 100, error_subcode: 33, message: 'no such thing' } } }, 'refused'],
  ]
  const page = { ...granted, settings: { login: 'facebook', facebookPageId: '104000000000001' } }
  for (const [reply, expected] of cases) {
    for (const [account, node] of [
      [granted, ACCOUNT],
      [page, '104000000000001'],
    ] as const) {
      const asked: string[] = []
      const { subscriptions } = await stage(t, 'instagram', (path) => {
        asked.push(path)
        return reply
      })
      t.is((await subscriptions.remove(account, AbortSignal.timeout(10_000))).status, expected, JSON.stringify(reply))
      t.deepEqual(asked, [`/v26.0/${node}/subscribed_apps`])
    }
  }
  const { subscriptions, server } = await stage(t, 'instagram', () => ({ body: { success: true } }))
  t.like(await subscriptions.remove({ ...granted, secrets: {} }, AbortSignal.timeout(10_000)), { status: 'refused' })
  await server.stop()
  t.like(await subscriptions.remove(granted, AbortSignal.timeout(10_000)), { status: 'retry' })
})
