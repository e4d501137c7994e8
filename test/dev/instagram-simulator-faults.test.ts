import test, { type ExecutionContext } from 'ava'
import { createInstagramSimulator } from '../../dev/instagram-simulator/index.ts'
import { startReceiver } from './webhook-receiver.ts'

async function setUp(t: ExecutionContext) {
  const receiver = await startReceiver()
  const simulator = await createInstagramSimulator()
  t.teardown(async () => {
    await simulator.close()
    await receiver.close()
  })
  const account = simulator.account({ webhookUrl: receiver.url })
  const mia = simulator.customer()
  await simulator.dm(mia, 'hello')
  const send = (text: string, signal?: AbortSignal) =>
    fetch(`${simulator.url}/v26.0/${account.id}/messages`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${account.accessToken}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ recipient: { id: mia.id }, message: { text } }),
      ...(signal ? { signal } : {}),
    })
  const echoes = () => receiver.received.slice(1)
  return { simulator, account, mia, send, echoes }
}

test('a refusal has its code and subcode, reaches nobody, and hits one call', async (t) => {
  const { simulator, mia, send } = await setUp(t)
  simulator.fault({ kind: 'refusal', code: 551, subcode: 1545041 })
  const response = await send('one')
  t.like(await response.json(), { error: { code: 551, error_subcode: 1545041, type: 'IGApiException' } })
  t.is(response.status, 400)
  t.is((await send('two')).status, 200)
  t.deepEqual(
    simulator.received(mia).map(({ text }) => text),
    ['two'],
  )
})

test('a throttle says when to come back', async (t) => {
  const { simulator, account, mia, send } = await setUp(t)
  simulator.fault({ kind: 'throttle', retryAfterSeconds: 30, regainMinutes: 5 })
  const response = await send('one')
  t.is(response.status, 429)
  t.is(response.headers.get('retry-after'), '30')
  const usage = JSON.parse(response.headers.get('x-business-use-case-usage') ?? '{}')
  t.is(usage[account.id][0].estimated_time_to_regain_access, 5)
  t.like(await response.json(), { error: { code: 613 } })
  t.is(simulator.received(mia).length, 0)
})

test('delivered, then 500: the phone shows it and the echo comes', async (t) => {
  const { simulator, mia, send, echoes } = await setUp(t)
  simulator.fault({ kind: 'delivered-then-500' })
  const response = await send('one')
  t.is(response.status, 500)
  t.regex(await response.text(), /^<!DOCTYPE html>/)
  t.is(simulator.received(mia).length, 1)
  await simulator.waitFor(() => echoes().length === 1)
})

test('delivered, then no answer: the caller gives up, the echo comes', async (t) => {
  const { simulator, mia, send, echoes } = await setUp(t)
  simulator.fault({ kind: 'delivered-then-timeout' })
  const caller = new AbortController()
  const sending = send('one', caller.signal)
  await simulator.waitFor(() => simulator.received(mia).length === 1)
  caller.abort()
  await t.throwsAsync(sending, { name: 'AbortError' })
  await simulator.waitFor(() => echoes().length === 1)
})

test('delivered, then cut off', async (t) => {
  const { simulator, mia, send } = await setUp(t)
  simulator.fault({ kind: 'delivered-then-reset' })
  await t.throwsAsync(send('one'))
  t.is(simulator.received(mia).length, 1)
})

test('a copy sent twice is on the phone twice', async (t) => {
  const { simulator, mia, send } = await setUp(t)
  simulator.fault({ kind: 'delivered-then-500' })
  await send('one')
  await send('one')
  t.deepEqual(
    simulator.received(mia).map(({ text }) => text),
    ['one', 'one'],
  )
  t.is(new Set(simulator.received(mia).map(({ mid }) => mid)).size, 2)
})

test('the echo can come before the answer, late, or never', async (t) => {
  const { simulator, send, echoes } = await setUp(t)
  simulator.fault({ kind: 'echo-before-answer', pauseMs: 50 })
  await send('first')
  const answeredAt = performance.now()
  t.is(echoes().length, 1)
  t.true((echoes()[0]?.at ?? answeredAt) <= answeredAt - 40)

  simulator.fault({ kind: 'echo-delayed', delayMs: 150 })
  const sentAt = performance.now()
  await send('late')
  await simulator.waitFor(() => echoes().length === 2)
  t.true((echoes()[1]?.at ?? 0) - sentAt >= 140)

  simulator.fault({ kind: 'echo-withheld' })
  await send('never')
  await send('after')
  await simulator.waitFor(() => echoes().length === 3)
  t.true(echoes()[2]?.body.includes('after'))
})

test('an answer fault and an echo fault meet in one call', async (t) => {
  const { simulator, mia, send, echoes } = await setUp(t)
  simulator.fault({ kind: 'delivered-then-500' })
  simulator.fault({ kind: 'echo-withheld' })
  t.is((await send('one')).status, 500)
  t.is((await send('two')).status, 200)
  await simulator.waitFor(() => echoes().length === 1)
  t.true(echoes()[0]?.body.includes('two'))
  t.is(simulator.received(mia).length, 2)
})

test('a fault can last, and can be for one account alone', async (t) => {
  const { simulator, account, send } = await setUp(t)
  simulator.fault({ kind: 'throttle' }, { account: '17841400000000000', times: 'always' })
  t.is((await send('one')).status, 200)
  simulator.fault({ kind: 'throttle', code: 4, httpStatus: 403 }, { account: account.id, times: 2 })
  t.deepEqual([(await send('a')).status, (await send('b')).status, (await send('c')).status], [403, 403, 200])
  simulator.fault({ kind: 'server-error' }, { times: 'always' })
  t.is((await send('d')).status, 500)
  simulator.clearFaults()
  t.is((await send('e')).status, 200)
  t.throws(() => simulator.fault({ kind: 'nonsense' } as never), { message: /No fault "nonsense"; there are refusal/ })
})

test('another process drives it over HTTP, and a web page cannot', async (t) => {
  const { simulator, mia, account } = await setUp(t)
  const control = async (path: string, body?: object) => {
    const response = await fetch(`${simulator.url}/_simulator${path}`, {
      method: body ? 'POST' : 'GET',
      ...(body ? { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } } : {}),
    })
    return [response.status, await response.json()] as [number, Record<string, unknown>]
  }
  const [status, webhook] = await control('/actions', { action: 'dm', from: 'ben.ode', text: 'hi' })
  t.like(
    { status, ...webhook },
    { status: 200, answer: 'EVENT_RECEIVED', customer: { username: 'ben.ode', name: 'Ben Ode' } },
  )
  const again = await control('/actions', { action: 'storyReply', from: 'Ben.Ode', text: 'nice' })
  t.deepEqual(again[1]['customer'], webhook['customer'])
  t.like((await control(`/phones/${mia.id}`))[1], { messages: [{ text: 'hello', from: 'customer' }] })
  t.deepEqual(await control('/faults', { kind: 'throttle', code: 4, times: 2 }), [200, { waiting: 1 }])
  const overview = await control('')
  t.false(JSON.stringify(overview).includes(account.appSecret))
  const [refused, reason] = await control('/actions', { action: 'dance' })
  t.is(refused, 400)
  t.regex(String(reason['error']), /There is no action "dance"; there are dm, story-reply/)
  t.deepEqual(await control('/actions', { action: 'dm' }), [400, { error: 'dm needs a text' }])
  const page = await fetch(`${simulator.url}/_simulator/actions`, {
    method: 'POST',
    body: '{"action":"dm","text":"x"}',
  })
  t.is(page.status, 400)
})

test('the login calls: code, short token, long token, refresh, and the account behind it', async (t) => {
  let now = new Date('2026-01-01T00:00:00Z')
  const simulator = await createInstagramSimulator({ clock: () => now })
  t.teardown(simulator.close)
  const account = simulator.account({ username: 'shop' })
  const app = { client_id: account.appId, redirect_uri: 'https://localhost/' }
  const login = await fetch(
    `${simulator.url}/www.instagram.com/oauth/authorize?${new URLSearchParams({ ...app, response_type: 'code', state: 's 1' })}`,
    { redirect: 'manual' },
  )
  const back = new URL(login.headers.get('location') ?? '')
  t.is(back.searchParams.get('state'), 's 1')

  const form = new FormData()
  const values = {
    ...app,
    client_secret: account.appSecret,
    grant_type: 'authorization_code',
    code: back.searchParams.get('code') ?? '',
  }
  for (const [name, value] of Object.entries(values)) form.set(name, value)
  const exchange = () => fetch(`${simulator.url}/api.instagram.com/oauth/access_token`, { method: 'POST', body: form })
  const [short] = ((await (await exchange()).json()) as { data: { access_token: string; user_id: string }[] }).data
  t.is(short?.user_id, account.appScopedId)
  const repeated = await exchange()
  t.is(repeated.status, 400)
  t.like(await repeated.json(), { error_type: 'OAuthException', code: 400 })

  const query = {
    grant_type: 'ig_exchange_token',
    client_secret: account.appSecret,
    access_token: short?.access_token ?? '',
  }
  const get = async (path: string) => (await (await fetch(`${simulator.url}${path}`)).json()) as Record<string, unknown>
  const long = await get(`/graph.facebook.com/access_token?${new URLSearchParams(query)}`)
  t.like(long, { token_type: 'bearer', expires_in: 5_184_000 })
  const me = (token: unknown) => get(`/v26.0/me?fields=user_id,username&access_token=${token}`)
  t.like(await me(long['access_token']), { user_id: account.id, username: 'shop' })
  t.not((await me(long['access_token']))['id'], account.id)

  const refresh = (token: unknown) => get(`/refresh_access_token?grant_type=ig_refresh_token&access_token=${token}`)
  t.like(await refresh(long['access_token']), { error: { code: 100 } })
  now = new Date('2026-01-02T00:00:01Z')
  t.like(await refresh(long['access_token']), { token_type: 'bearer' })
  t.like(await me(short?.access_token), { error: { code: 190 } })
})
