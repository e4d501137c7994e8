import test, { type ExecutionContext } from 'ava'
import { createInstagramSimulator, type RouteKind, type Webhook } from '../../dev/instagram-simulator/index.ts'
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
  const { mid } = await simulator.dm(mia, 'hello')
  const comment = await simulator.comment(mia, 'how much?', { mediaId: '18000000000000009' })
  const ids = {
    account: account.id,
    mia: mia.id,
    mid: mid ?? '',
    comment: comment.mid ?? '',
    post: '18000000000000009',
  }
  const call = (method: string, path: string, body?: object) =>
    fetch(`${simulator.url}${path}`, {
      method,
      headers: { Authorization: `Bearer ${account.accessToken}`, 'Content-Type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
  return { simulator, receiver, account, mia, ids, call }
}

type Ids = Awaited<ReturnType<typeof setUp>>['ids']
type Line = readonly [RouteKind, string, (ids: Ids) => string, ((ids: Ids) => object)?]

const CALLS: readonly Line[] = [
  [
    'send',
    'POST',
    (ids) => `/v26.0/${ids.account}/messages`,
    ({ mia }) => ({ recipient: { id: mia }, message: { text: 'x' } }),
  ],
  [
    'sender-action',
    'POST',
    () => '/v26.0/me/messages',
    ({ mia }) => ({ recipient: { id: mia }, sender_action: 'mark_seen' }),
  ],
  ['upload', 'POST', (ids) => `/v26.0/${ids.account}/message_attachments`, () => ({ message: {} })],
  ['profile', 'GET', (ids) => `/v26.0/${ids.mia}?fields=name`],
  ['account', 'GET', () => '/v26.0/me?fields=user_id'],
  ['pages', 'GET', () => '/v26.0/me/accounts'],
  ['media', 'GET', (ids) => `/v26.0/${ids.post}?fields=caption`],
  ['comments', 'POST', (ids) => `/v26.0/${ids.comment}/replies`, () => ({ message: 'x' })],
  ['comments', 'POST', (ids) => `/v26.0/${ids.comment}?hide=true`],
  ['comments', 'DELETE', (ids) => `/v26.0/${ids.comment}`],
  ['comments', 'GET', (ids) => `/v26.0/${ids.comment}?fields=text`],
  ['comments', 'GET', (ids) => `/v26.0/${ids.post}/comments`],
  ['conversations', 'GET', (ids) => `/v26.0/${ids.account}/conversations?platform=instagram`],
  ['conversations', 'GET', (ids) => `/v26.0/${ids.mid}?fields=message`],
  ['subscribed-apps', 'POST', (ids) => `/v26.0/${ids.account}/subscribed_apps?subscribed_fields=messages`],
  ['subscribed-apps', 'GET', (ids) => `/v26.0/${ids.account}/subscribed_apps`],
  ['code-exchange', 'POST', () => '/api.instagram.com/oauth/access_token'],
  ['code-exchange', 'GET', () => '/graph.facebook.com/v26.0/oauth/access_token?code=c&client_id=1'],
  ['token-exchange', 'GET', () => '/graph.instagram.com/access_token?grant_type=ig_exchange_token'],
  ['token-exchange', 'GET', () => '/graph.facebook.com/v26.0/oauth/access_token?grant_type=fb_exchange_token'],
  ['token-refresh', 'GET', () => '/graph.instagram.com/refresh_access_token?grant_type=ig_refresh_token'],
]

for (const [route, method, path, body] of CALLS) {
  const shown = path({ account: '{account}', mia: '{person}', mid: '{mid}', comment: '{comment}', post: '{post}' })
  // proves: simulator.faults
  test(`a fault on ${route} hits ${method} ${shown}, once, and no other route`, async (t) => {
    const { simulator, call, ids } = await setUp(t)
    const others = CALLS.find(([kind]) => kind !== route)?.[0] ?? 'send'
    simulator.fault({ kind: 'refusal', code: 424242 }, { on: others })
    simulator.fault({ kind: 'refusal', code: 999999, message: 'on purpose' }, { on: route })
    const answer = await call(method, path(ids), body?.(ids))
    t.regex(await answer.text(), /"code":999999/)
    t.is(simulator.calls.at(-1)?.route, route)
    t.notRegex(await (await call(method, path(ids), body?.(ids))).text(), /999999|424242/)
  })
}

test('a comment can be there although its call was refused', async (t) => {
  const { simulator, call, mia, ids } = await setUp(t)
  simulator.fault({ kind: 'delivered-then-refusal', code: 1, subcode: 1357046 })
  const answer = await call('POST', `/${ids.account}/messages`, {
    recipient: { id: mia.id },
    message: { text: 'there' },
  })
  t.like(await answer.json(), { error: { code: 1, error_subcode: 1357046 } })
  t.is(simulator.received(mia).length, 1)
})

test('latency goes with any other fault, and a body can be empty or no JSON', async (t) => {
  const { simulator, call } = await setUp(t)
  simulator.fault({ kind: 'latency', delayMs: 60 }, { on: 'account' })
  simulator.fault({ kind: 'server-error', httpStatus: 502, body: '' }, { on: 'account' })
  const begun = performance.now()
  const empty = await call('GET', '/me?fields=user_id')
  t.true(performance.now() - begun >= 55)
  t.deepEqual([empty.status, await empty.text()], [502, ''])
  simulator.fault({ kind: 'delivered-then-garbage' }, { on: 'account' })
  const garbage = await call('GET', '/me?fields=user_id')
  t.is(garbage.status, 200)
  await t.throwsAsync(() => garbage.json())
  simulator.fault({ kind: 'reset' }, { on: 'account' })
  await t.throwsAsync(() => call('GET', '/me?fields=user_id'))
})

test('a call that succeeds can tell that the budget is nearly used', async (t) => {
  const { simulator, call, ids } = await setUp(t)
  simulator.fault({ kind: 'usage', percent: 95, regainMinutes: 3 }, { on: 'account' })
  const { headers, status } = await call('GET', '/me?fields=user_id')
  t.is(status, 200)
  const usage = JSON.parse(headers.get('x-business-use-case-usage') ?? '{}')
  t.like(usage[ids.account][0], { call_count: 95, estimated_time_to_regain_access: 3 })
  t.is(JSON.parse(headers.get('x-app-usage') ?? '{}').call_count, 95)
})

test('refusals of the code exchange have its own shape', async (t) => {
  const { simulator, call } = await setUp(t)
  simulator.fault({ kind: 'refusal', code: 400, message: 'no' }, { on: 'code-exchange' })
  const answer = await call('POST', '/api.instagram.com/oauth/access_token')
  t.deepEqual(await answer.json(), { error_type: 'OAuthException', code: 400, error_message: 'no' })
})

test('an account’s fault leaves the others alone, in the login too', async (t) => {
  const { simulator, call, account } = await setUp(t)
  const other = simulator.account()
  simulator.fault({ kind: 'invalid-token' }, { on: 'token-refresh', account: account.id, times: 'always' })
  const refresh = async (token: string) =>
    (await (
      await call('GET', `/refresh_access_token?grant_type=ig_refresh_token&access_token=${token}`)
    ).json()) as object
  t.like(await refresh(account.accessToken), { error: { code: 190, error_subcode: 463 } })
  t.like(await refresh(other.accessToken), { token_type: 'bearer' })
  t.like(await refresh(account.accessToken), { error: { code: 190 } })
})

// proves: simulator.webhooks
test('webhooks can be lost, doubled, late, and after the next one', async (t) => {
  const { simulator, receiver, mia } = await setUp(t)
  const texts = () => receiver.received.slice(2).map(({ body }) => /"text":"(\w+)"/.exec(body.toString())?.[1])
  simulator.fault({ kind: 'webhook-lost' })
  const lost = await simulator.dm(mia, 'lost')
  t.deepEqual([lost.status, lost.attempts.length], [null, 0])
  simulator.fault({ kind: 'webhook-doubled' })
  t.is((await simulator.dm(mia, 'twice')).attempts.length, 2)
  simulator.fault({ kind: 'webhook-reordered' })
  await simulator.dm(mia, 'second')
  await simulator.dm(mia, 'first')
  simulator.fault({ kind: 'webhook-delayed', delayMs: 40 })
  const begun = performance.now()
  await simulator.dm(mia, 'late')
  t.true(performance.now() - begun >= 35)
  t.deepEqual(texts(), ['twice', 'twice', 'first', 'second', 'late'])
})

test('two webhooks can come in one body, each with its own entry', async (t) => {
  const { simulator, receiver, mia } = await setUp(t)
  simulator.fault({ kind: 'webhook-batched' })
  const first = await simulator.dm(mia, 'first')
  t.deepEqual([first.status, first.attempts.length, receiver.received.length], [null, 0, 2])
  const second = await simulator.dm(mia, 'second')
  t.is(receiver.received.length, 3)
  const { entry } = JSON.parse(receiver.received.at(-1)?.body.toString() ?? '') as { entry: object[] }
  t.is(entry.length, 2)
  t.deepEqual(
    [...JSON.stringify(entry).matchAll(/"text":"(\w+)"/g)].map(([, text]) => text),
    ['first', 'second'],
  )
  t.deepEqual([first.status, second.status], [200, 200])
  await simulator.dm(mia, 'alone')
  t.is(receiver.received.length, 4)
})

/** Who repeats what was not taken, and a receiver that answers so, and then 200. */
async function repeatingTo(t: ExecutionContext, answers: number[]) {
  const receiver = await startReceiver(() => ({ status: answers.shift() ?? 200, text: '' }))
  const simulator = await createInstagramSimulator({ webhookRetryAfterMs: [5, 10, 20, 40] })
  t.teardown(async () => {
    await simulator.close()
    await receiver.close()
  })
  simulator.account({ webhookUrl: receiver.url })
  return { simulator, receiver }
}

test('a webhook that is not taken comes again with the same bytes, until it is', async (t) => {
  const { simulator, receiver } = await repeatingTo(t, [503, 500])
  const webhook = await simulator.dm(simulator.customer(), 'patience')
  t.is(webhook.status, 503)
  await simulator.waitFor(() => webhook.status === 200)
  t.deepEqual(
    webhook.attempts.map(({ status }) => status),
    [503, 500, 200],
  )
  t.is(new Set(receiver.received.map(({ body }) => body.toString())).size, 1)
  await simulator.dm(simulator.customer(), 'taken at once')
  t.is(receiver.received.length, 4)
})

test('an answer can break off in the middle, or come byte by byte', async (t) => {
  const { simulator, call, mia, ids } = await setUp(t)
  const send = (text: string) =>
    call('POST', `/${ids.account}/messages`, { recipient: { id: mia.id }, message: { text } })
  simulator.fault({ kind: 'delivered-then-cut' })
  const cut = await send('there all the same')
  t.is(cut.status, 200)
  await t.throwsAsync(() => cut.text())
  t.is(simulator.received(mia).at(-1)?.text, 'there all the same')

  simulator.fault({ kind: 'slow-body', delayMs: 2 })
  const begun = performance.now()
  const slow = await send('drop by drop')
  const text = await slow.text()
  t.true(performance.now() - begun >= text.length)
  t.is((JSON.parse(text) as { recipient_id: string }).recipient_id, mia.id)
})

test('an echo can come twice', async (t) => {
  const { simulator, receiver, call, ids } = await setUp(t)
  simulator.fault({ kind: 'echo-doubled' })
  await call('POST', `/${ids.account}/messages`, { recipient: { id: ids.mia }, message: { text: 'x' } })
  await simulator.waitFor(() => receiver.received.length === 4)
  const [first, second] = receiver.received.slice(2).map(({ body }) => /"mid":"(\w+)"/.exec(body.toString())?.[1])
  t.truthy(first)
  t.is(first, second)
})

test('what makes no sense is refused when it is asked for', async (t) => {
  const { simulator } = await setUp(t)
  const add = simulator.fault as (fault: object, scope?: object) => void
  t.throws(() => add({ kind: 'timeout' }, { on: 'nonsense' }), { message: /No call is a "nonsense"; there are send/ })
  t.throws(() => add({ kind: 'latency' }), { message: 'latency needs delayMs, a whole number' })
  t.throws(() => add({ kind: 'echo-withheld' }, { on: 'profile' }), { message: /cannot happen to a profile/ })
  t.throws(() => add({ kind: 'timeout' }, { on: 'webhook' }), { message: /cannot happen to a webhook/ })
  t.throws(() => add({ kind: 'webhook-lost' }, { on: 'send' }), { message: /cannot happen to a send/ })
})

// proves: simulator.ledger
test('the ledger has phones, webhooks with their answers, and calls, and no secret', async (t) => {
  const { simulator, account, mia, call, ids } = await setUp(t)
  simulator.fault({ kind: 'delivered-then-500' })
  simulator.fault({ kind: 'echo-withheld' })
  await call('POST', `/${ids.account}/messages`, { recipient: { id: mia.id }, message: { text: 'yes' } })
  const response = await fetch(`${simulator.url}/_simulator/ledger`)
  const text = await response.text()
  const ledger = JSON.parse(text) as ReturnType<typeof simulator.ledger>
  t.deepEqual(ledger, JSON.parse(JSON.stringify(simulator.ledger())))
  t.like(ledger.phones[0], { id: mia.id, messages: [{ text: 'hello' }, { kind: 'comment' }, { text: 'yes' }] })
  t.like(ledger.webhooks[0], { mid: ids.mid, status: 200, attempts: [{ answer: 'EVENT_RECEIVED' }] })
  t.like(ledger.calls.at(-1), { route: 'send', accountId: account.id, status: 500 })
  t.false(text.includes(account.appSecret) || text.includes(account.accessToken))
})

test('another process lists faults, clears them and revokes tokens', async (t) => {
  const { simulator, call, account } = await setUp(t)
  const control = async (method: string, path: string, body?: object) => {
    const answer = await fetch(`${simulator.url}/_simulator/${path}`, {
      method,
      ...(body ? { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } } : {}),
    })
    return (await answer.json()) as Record<string, unknown>
  }
  await control('POST', 'faults', { kind: 'latency', delayMs: 5, on: 'conversations', times: 'always' })
  const listed = { kind: 'latency', delayMs: 5, on: 'conversations', account: null, times: 'always' }
  t.deepEqual(await control('GET', 'faults'), { faults: [listed] })
  t.deepEqual(await control('DELETE', 'faults'), { waiting: 0 })
  t.regex(String((await control('POST', 'faults', { kind: 'latency' }))['error']), /needs delayMs/)
  await control('POST', 'revocations', { account: account.id })
  t.like(await (await call('GET', '/me?fields=user_id')).json(), { error: { code: 190 } })
})

test('what comes in one body is taken when that body is, also one that comes again in another', async (t) => {
  const { simulator } = await repeatingTo(t, [503, 200, 500, 503])
  const mia = simulator.customer()
  const statuses = (webhook?: Webhook) => webhook?.attempts.map(({ status }) => status)
  simulator.fault({ kind: 'webhook-batched' })
  const first = await simulator.dm(mia, 'first')
  const second = await simulator.dm(mia, 'second')
  await simulator.waitFor(() => simulator.webhooks.every(({ status }) => status === 200))
  t.deepEqual(
    [statuses(first), statuses(second)],
    [
      [503, 200],
      [503, 200],
    ],
  )

  const body = simulator.webhooks.at(-1) as Webhook
  t.is(body.mid, null)
  simulator.fault({ kind: 'webhook-batched' })
  await simulator.deliver(body)
  const third = await simulator.dm(mia, 'third')
  t.deepEqual([body.status, first.status, third.status], [500, 500, 500])
  await simulator.waitFor(() => simulator.webhooks.every(({ status }) => status === 200))
  t.deepEqual(statuses(first), [503, 200, 500, 503, 200])
  t.deepEqual(statuses(third), [500, 503, 200])
})
