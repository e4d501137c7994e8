import test from 'ava'
import { createInstagramChannel } from '../../../src/adapters/instagram/channel.ts'
import type { ChannelAccount } from '../../../src/core/channel/delivery.ts'
import type { ExternalMessageId, ExternalUserId } from '../../../src/core/ids.ts'
import { account, TOKEN, toPerson } from './graph-server.ts'

const EVIL = 'https://evil.example'
const SECRET = 'planted-app-secret'
const HOSTS = {
  graphUrl: 'https://graph.instagram.com',
  facebookGraphUrl: 'https://graph.facebook.com',
  instagramTokenUrl: 'https://api.instagram.com',
}
const APP = { id: '11223344556677881', secret: SECRET }

type Call = Readonly<{ url: string; init: RequestInit | undefined }>

/** Everything that the adapter asks Meta, of either login, answered by one function. */
async function askEverything(answer: (url: string) => Response): Promise<{ calls: Call[]; outcomes: unknown[] }> {
  const calls: Call[] = []
  const fetch = (async (url: string, init?: RequestInit) => {
    calls.push({ url: String(url), init })
    return answer(String(url))
  }) as typeof globalThis.fetch
  const outcomes: unknown[] = []
  for (const login of ['instagram', 'facebook'] as const) {
    const channel = createInstagramChannel(
      {
        ...HOSTS,
        ...{
          graphVersion: 'v26.0',
          instagramOauthUrl: 'https://www.instagram.com',
          facebookOauthUrl: 'https://www.facebook.com',
        },
        ...{ instagramApp: APP, metaApp: APP },
      },
      { fetch },
    )
    const of: ChannelAccount = account({ settings: { login } })
    const signal = AbortSignal.timeout(60_000)
    const person = '2100000000000345' as ExternalUserId
    const comment = '17900000000000001' as ExternalMessageId
    const { profiles, media, history, comments, signals, tokens, doctor, subscriptions, logins = [] } = channel
    const listed = { externalId: 't_1', person: null }
    const redirectUri = 'https://inbox.example.com/oauth/instagram/callback'
    const asked = [
      () => channel.sender.send(toPerson(), of, signal),
      () => channel.sender.send({ ...toPerson(), recipient: { type: 'public', externalId: comment } }, of, signal),
      () => profiles?.look(person, of, signal),
      () => media?.look({ mediaId: '17900000000000002', commentId: comment }, of, signal),
      () => media?.mention({ mediaId: '17900000000000002', externalId: comment }, of, signal),
      () => history?.conversations({ cursor: null, limit: 20 }, of, signal),
      () => history?.conversations({ cursor: `${EVIL}/next`, limit: 20 }, of, signal),
      () => history?.conversation(listed, of, signal),
      () => history?.withPerson(person, of, signal),
      () => history?.message(comment, of, signal),
      () => comments?.moderate(comment, 'HIDE', of, signal),
      () => comments?.own(comment, of, signal),
      () => signals?.send({ type: 'TYPING', on: true }, person, of, signal, null),
      () => tokens?.refresh(of, signal),
      () => doctor?.examine({ ...of, missingPermissions: null }, signal),
      () => subscriptions?.add(of, signal),
      () => subscriptions?.remove(of, signal),
      ...logins.map((one) => () => one.redeem({ code: 'a-code', redirectUri }, signal)),
    ]
    for (const ask of asked) outcomes.push(await ask())
  }
  return { calls, outcomes }
}

/** What an account might say that leads elsewhere: pages, media and profile pictures on another host. */
const leading = {
  ...{
    id: '17841455500000011',
    user_id: '17841455500000011',
    username: 'shop',
    access_token: TOKEN,
    expires_in: 5_000_000,
  },
  ...{
    permalink: `${EVIL}/p`,
    thumbnail_url: `${EVIL}/t.jpg`,
    media_url: `${EVIL}/m.jpg`,
    profile_pic: `${EVIL}/i.jpg`,
  },
  ...{ is_valid: true, app_id: APP.id, scopes: ['instagram_basic'], instagram_business_account: { id: `${EVIL}/1` } },
  data: [
    { id: 't_1', access_token: TOKEN, media_url: `${EVIL}/m.jpg`, participants: { data: [{ id: '1' }, { id: '2' }] } },
  ],
  paging: { next: `${EVIL}/next?access_token=${TOKEN}`, cursors: { after: `${EVIL}/next` } },
}

const inConfigured = ({ url }: Call) => Object.values(HOSTS).includes(new URL(url).origin)

test('S89: whatever the platform answers, token and secret go to its configured hosts alone', async (t) => {
  const { calls } = await askEverything(() => Response.json(leading))
  t.true(calls.length > 30, String(calls.length))
  t.deepEqual(
    calls.filter((call) => !inConfigured(call)).map(({ url }) => url),
    [],
  )
  t.true(calls.every(({ init }) => init?.redirect === 'manual'))
  const credentials = calls.filter((call) => JSON.stringify([call.url, call.init?.headers]).includes(TOKEN))
  t.true(credentials.length > 20)
})

test('S89: a redirect is followed nowhere, by no call', async (t) => {
  for (const status of [301, 302, 307]) {
    const { calls } = await askEverything(() => new Response('', { status, headers: { location: `${EVIL}/` } }))
    t.true(calls.length > 20)
    t.deepEqual(
      calls.filter((call) => !inConfigured(call)).map(({ url }) => url),
      [],
    )
  }
})

test('S91: no answer of an attacker makes a call throw, count as done, or change what objects are', async (t) => {
  const deep = `${'{"data":'.repeat(20_000)}1${'}'.repeat(20_000)}`
  const huge = () => {
    let left = 50
    return new ReadableStream({
      pull(controller) {
        if (left-- === 0) controller.close()
        else controller.enqueue(Buffer.alloc(1024 * 1024, '['))
      },
    })
  }
  const proto =
    '{"__proto__":{"message_id":"m.1","id":"1","data":[]},"constructor":{"prototype":{"message_id":"m.1"}},"error":{"__proto__":{"code":190}}}'
  const objects = JSON.stringify({
    ...{ id: { a: 1 }, message_id: ['m'], user_id: { toString: 'x' }, access_token: { a: 1 }, expires_in: {} },
    ...{ data: { id: [] }, paging: [], error: undefined },
  })
  const bodies: Readonly<Record<string, () => string | Buffer<ArrayBuffer> | ReadableStream>> = {
    html: () => '<html><script>alert(1)</script></html>',
    huge,
    deep: () => deep,
    proto: () => proto,
    objects: () => objects,
    bytes: () => Buffer.from([0xff, 0xfe, 0x00]),
  }
  for (const [name, body] of Object.entries(bodies)) {
    const { outcomes } = await askEverything(() => new Response(body(), { status: 200 }))
    const statuses = outcomes.map((outcome) => Reflect.get(Object(outcome), 'status'))
    for (const [index, status] of statuses.entries()) t.not(status, 'accepted', `${name} ${index}`)
    for (const [index, status] of statuses.entries()) t.not(status, 'granted', `${name} ${index}`)
    t.false(JSON.stringify(outcomes).includes(TOKEN) || JSON.stringify(outcomes).includes(SECRET), name)
  }
  t.is(Reflect.get({}, 'message_id'), undefined)
  t.is(Reflect.get({}, 'id'), undefined)
})
