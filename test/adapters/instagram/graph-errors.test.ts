import test from 'ava'
import { createInstagramChannel } from '../../../src/adapters/instagram/channel.ts'
import { SEND_VERDICTS } from '../../../src/adapters/instagram/graph-errors.ts'
import type { Delivery } from '../../../src/core/channel/delivery.ts'
import { account, TOKEN, toComment, toPerson } from './graph-server.ts'

type Answered = Readonly<{ status?: number; code?: unknown; subcode?: unknown; message?: string; transient?: boolean }>

function send(answered: Answered, { comment = false, headers = {} }: { comment?: boolean; headers?: object } = {}) {
  const { status = 400, code, subcode, message = 'because', transient } = answered
  const error = {
    message,
    type: 'IGApiException',
    code,
    error_subcode: subcode,
    is_transient: transient,
    fbtrace_id: 'A9C',
  }
  return sendAnswered(status, JSON.stringify({ error }), { comment, headers })
}

function sendAnswered(status: number, body: string, { comment = false, headers = {} } = {}): Promise<Delivery> {
  const fetch = async () => new Response(body === '' ? null : body, { status, headers: { ...headers } })
  const config = { graphUrl: 'http://graph.invalid', facebookGraphUrl: 'http://fb.invalid', graphVersion: 'v26.0' }
  const { sender } = createInstagramChannel(config, { fetch })
  return sender.send(comment ? toComment() : toPerson(), account(), new AbortController().signal)
}

const inShort = (delivery: Delivery): string => {
  if (delivery.status === 'refused') return delivery.code
  if (delivery.status === 'retry') return `retry ${delivery.pauses}`
  return delivery.status
}

/** Every row of Meta's catalogue: code, subcode, what it becomes. */
const ROWS: readonly (readonly [number, number | undefined, string])[] = [
  [190, undefined, 'reauthorize'],
  [190, 0, 'reauthorize'],
  [190, 463, 'reauthorize'],
  [190, 460, 'reauthorize'],
  [190, 458, 'reauthorize'],
  [190, 459, 'reauthorize'],
  [190, 464, 'reauthorize'],
  [190, 467, 'reauthorize'],
  [190, 492, 'reauthorize'],
  [102, undefined, 'reauthorize'],
  [10, undefined, 'permission-missing'],
  [200, undefined, 'permission-missing'],
  [230, undefined, 'permission-missing'],
  [299, undefined, 'permission-missing'],
  [3, undefined, 'permission-missing'],
  [10, 2534022, 'messaging-window-closed'],
  [10, 2018278, 'messaging-window-closed'],
  [10, 2018065, 'messaging-window-closed'],
  [10, 2018108, 'recipient-unavailable'],
  [10, 2534077, 'permission-missing'],
  [10, 1893063, 'retry account'],
  [10, 2018300, 'not-thread-owner'],
  [100, 2018300, 'not-thread-owner'],
  [200, 2018300, 'not-thread-owner'],
  [2018300, undefined, 'not-thread-owner'],
  [100, 2534037, 'not-thread-owner'],
  [27, undefined, 'permission-missing'],
  [100, undefined, 'content-refused'],
  [100, 33, 'recipient-unknown'],
  [100, 2018001, 'recipient-unknown'],
  [100, 2534014, 'recipient-unknown'],
  [100, 2534013, 'permission-missing'],
  [100, 2534015, 'content-refused'],
  [100, 2018014, 'content-refused'],
  [100, 2534025, 'comment-reply-used'],
  [100, 2534029, 'account-restricted'],
  [100, 2534068, 'media-refused'],
  [100, 2018008, 'retry message'],
  [100, 2018047, 'media-refused'],
  [100, 2018074, 'media-refused'],
  [100, 2018109, 'media-refused'],
  [100, 2018294, 'retry message'],
  [200, 2534041, 'permission-missing'],
  [200, 2018028, 'permission-missing'],
  [200, 1545041, 'recipient-unavailable'],
  [551, undefined, 'recipient-unavailable'],
  [551, 1545041, 'recipient-unavailable'],
  [9010, undefined, 'recipient-unknown'],
  [9000001, undefined, 'platform-refused'],
  [1, undefined, 'unknown'],
  [1, 99, 'unknown'],
  [1, 1357046, 'unknown'],
  [2, undefined, 'unknown'],
  [2, 2018280, 'unknown'],
  [-1, undefined, 'unknown'],
  [-2, undefined, 'unknown'],
  [1200, undefined, 'unknown'],
  [4, undefined, 'retry app'],
  [17, undefined, 'retry account'],
  [32, undefined, 'retry account'],
  [341, undefined, 'retry app'],
  [613, undefined, 'retry account'],
  [613, 2534040, 'retry account'],
  [613, 1996, 'retry app'],
  [613, 2018338, 'platform-refused'],
  [80001, undefined, 'retry account'],
  [80002, undefined, 'retry account'],
  [80006, undefined, 'retry account'],
  [368, undefined, 'retry account'],
  [506, undefined, 'content-refused'],
  [20, 1772107, 'unknown'],
  [2022, undefined, 'platform-refused'],
  [24001, undefined, 'platform-refused'],
  [2500, undefined, 'platform-refused'],
  [36103, undefined, 'account-restricted'],
  [10900, undefined, 'comment-reply-used'],
  [10901, undefined, 'comment-reply-used'],
  [10902, undefined, 'comment-reply-used'],
  [10903, undefined, 'comment-reply-used'],
  [424242, undefined, 'platform-refused'],
]

for (const [code, subcode, expected] of ROWS) {
  const name = subcode === undefined ? `${code}` : `${code}/${subcode}`
  test(`${name} is ${expected}`, async (t) => {
    const delivery = await send({ code, subcode })
    t.is(inShort(delivery), expected)
    t.is(inShort(await send({ code: String(code), subcode: subcode === undefined ? null : String(subcode) })), expected)
    if ('platformCode' in delivery) t.is(delivery.platformCode, subcode ? name : `${code}`)
  })

  test(`${name} with a 5xx proves nothing`, async (t) => {
    t.is(inShort(await send({ status: 500, code, subcode })), 'unknown')
  })
}

// proves: fail.catalogue
test('every row of the table is tested above', (t) => {
  const tested = new Set(ROWS.map(([code, subcode]) => (subcode ? `${code}/${subcode}` : `${code}`)))
  const missing = Object.keys(SEND_VERDICTS).filter((key) => !tested.has(key.replace('*', '10')))
  t.deepEqual(missing, [])
})

test('what only the message tells is read from it', async (t) => {
  const told = async (message: string, given: Answered = {}) => inShort(await send({ code: 100, message, ...given }))
  t.is(await told('(#10) Another app is controlling this thread now.', { code: 10 }), 'not-thread-owner')
  t.is(
    await told("To use 'Human Agent', your use of this endpoint must be reviewed", { status: 403, code: undefined }),
    'human-agent-not-approved',
  )
  t.is(
    await told("To use 'Human Agent', your use of this endpoint must be reviewed", { status: 403, code: 10 }),
    'human-agent-not-approved',
  )
  const humanAgent = 'To use ‘Human Agent’, your use of this endpoint must be reviewed'
  for (const [code, subcode] of [
    [10, 2534022],
    [200, 2534041],
    [1, null],
    [999, null],
  ] as const)
    t.is(await told(humanAgent, { status: 403, code, ...(subcode && { subcode }) }), 'human-agent-not-approved')
  // What concerns the whole account goes first.
  t.not(await told(humanAgent, { status: 403, code: 190 }), 'human-agent-not-approved')
  t.not(await told(humanAgent, { status: 403, code: 613 }), 'human-agent-not-approved')
  t.is(await told('Unsupported request - method type: post'), 'permission-missing')
  t.is(await told('(#100) Length of param message[text] must be less than or equal to 1000'), 'content-too-long')
  t.is(await told('another app is controlling this thread', { code: 190 }), 'reauthorize')
})

test('a comment that is not there is gone, a person that is not there is unknown', async (t) => {
  t.is(inShort(await send({ code: 100, subcode: 33 }, { comment: true })), 'comment-gone')
  t.is(inShort(await send({ code: 100, subcode: 33 })), 'recipient-unknown')
})

test('an unlisted error that calls itself transient is doubt, a listed one is what the list says', async (t) => {
  t.is(inShort(await send({ code: 424242, transient: true })), 'unknown')
  t.is(inShort(await send({ code: 190, transient: true })), 'reauthorize')
})

test('a refusal without a code is a refusal', async (t) => {
  t.is(inShort(await send({ message: 'no' })), 'platform-refused')
  t.is(
    inShort(await sendAnswered(400, '{"error_type":"OAuthException","code":400,"error_message":"no"}')),
    'platform-refused',
  )
})

test('an answer that cannot be read or contradicts itself is doubt', async (t) => {
  const html = '<html>Sorry, something went wrong.</html>'
  const mid = { recipient_id: '1', message_id: 'm.1' }
  const error = { error: { code: 190, message: 'no' } }
  const answers: readonly (readonly [number, string])[] = [
    [200, ''],
    [200, html],
    [200, '{}'],
    [200, '[]'],
    [200, 'null'],
    [200, '"m.1"'],
    [200, '{"recipient_id":"1"}'],
    [200, '{"message_id":{"$ne":1}}'],
    [200, '{"message_id":""}'],
    [200, JSON.stringify({ ...mid, ...error })],
    [200, JSON.stringify(error)],
    [204, ''],
    [301, JSON.stringify(mid)],
    [400, ''],
    [400, html],
    [400, '{}'],
    [400, JSON.stringify({ ...mid, ...error })],
    [404, html],
    [500, html],
    [500, JSON.stringify(mid)],
    [502, ''],
    [503, JSON.stringify({ error: { code: 4, message: 'limit' } })],
    [504, ''],
  ]
  for (const [status, body] of answers) {
    t.is((await sendAnswered(status, body)).status, 'unknown', `${status} ${body}`)
  }
})

test('an answer of an attacker breaks nothing', async (t) => {
  const deep = `${'{"error":'.repeat(5000)}1${'}'.repeat(5000)}`
  const huge = JSON.stringify({ error: { code: 190, message: 'x'.repeat(2_000_000) } })
  const proto = '{"__proto__":{"message_id":"m.1"},"constructor":1}'
  for (const body of [deep, huge, proto]) t.is((await sendAnswered(200, body)).status, 'unknown')
  t.is(({} as { message_id?: unknown }).message_id, undefined)
})

test('429 waits, for the account unless its code says more, whatever the body', async (t) => {
  t.is(inShort(await sendAnswered(429, '')), 'retry account')
  t.is(inShort(await sendAnswered(429, '<html>')), 'retry account')
  t.is(inShort(await send({ status: 429, code: 4 })), 'retry app')
  t.is(inShort(await send({ status: 429, code: 2 })), 'retry account')
  t.is(inShort(await send({ status: 429, code: 424242 })), 'retry account')
})

test('the wait is the longest the platform asks for, in its own units', async (t) => {
  const afterMs = async (headers: Record<string, string>, given: Answered = { code: 80002 }) => {
    const delivery = await send(given, { headers })
    return delivery.status === 'retry' ? delivery.afterMs : 'none'
  }
  const usage = (...minutes: unknown[]) =>
    JSON.stringify({
      17841455500000011: minutes.map((m) => ({ type: 'instagram', estimated_time_to_regain_access: m })),
    })
  t.is(await afterMs({}), null)
  t.is(await afterMs({ 'retry-after': '30' }), 30_000)
  t.is(await afterMs({ 'retry-after': '0' }), null)
  t.is(await afterMs({ 'retry-after': 'soon' }), null)
  t.is(await afterMs({ 'retry-after': '-5' }), null)
  t.is(await afterMs({ 'x-business-use-case-usage': usage(0, 7, 3) }), 7 * 60_000)
  t.is(await afterMs({ 'x-business-use-case-usage': usage(1), 'retry-after': '90' }), 90_000)
  t.is(await afterMs({ 'x-business-use-case-usage': usage('7', null, -1, {}) }), null)
  t.is(await afterMs({ 'x-business-use-case-usage': 'garbage' }), null)
  t.is(await afterMs({ 'x-business-use-case-usage': '[]' }), null)
  t.is(await afterMs({ 'retry-after': '999999999' }), 24 * 60 * 60 * 1000)
  t.is(await afterMs({}, { code: 368 }), 60 * 60 * 1000)
  const inTwoMinutes = await afterMs({ 'retry-after': new Date(Date.now() + 120_000).toUTCString() })
  t.true(typeof inTwoMinutes === 'number' && inTwoMinutes > 100_000 && inTwoMinutes <= 120_000)
})

test('a detail names code and trace, in one line of bounded length, without the token', async (t) => {
  const delivery = await send({ code: 100, message: `Bad\n  token ${TOKEN} ${'x'.repeat(5000)}` })
  if (delivery.status !== 'refused') return t.fail(delivery.status)
  t.regex(
    delivery.detail,
    /^Instagram does not accept this content\. Instagram says: Bad token \[token] x+ \(code 100, trace A9C\)$/,
  )
  t.true(delivery.detail.length < 500)
})
