import { createHmac } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { createInstagramSimulator, type SimulatorOptions, toWire } from '../../dev/instagram-simulator/index.ts'
import { startReceiver } from './webhook-receiver.ts'

const hmac = (algorithm: string, body: Uint8Array, secret: string): string =>
  createHmac(algorithm, secret).update(body).digest('hex')

async function setUp(t: ExecutionContext, options: SimulatorOptions = {}) {
  const receiver = await startReceiver()
  const simulator = await createInstagramSimulator(options)
  t.teardown(async () => {
    await simulator.close()
    await receiver.close()
  })
  const account = simulator.account({ webhookUrl: receiver.url, username: 'shop' })
  const mia = simulator.customer({ username: 'mia.torres', name: 'Mia Torres' })
  const bodies = () => receiver.received.map(({ body }) => JSON.parse(body.toString()))
  const message = () => bodies().at(-1).entry[0].messaging[0]
  const graph = (path: string, init: RequestInit = {}) =>
    fetch(`${simulator.url}${path}`, {
      ...init,
      headers: { Authorization: `Bearer ${account.accessToken}`, 'Content-Type': 'application/json', ...init.headers },
    })
  const post = (body: unknown, node = account.id) =>
    graph(`/v26.0/${node}/messages`, { method: 'POST', body: JSON.stringify(body) })
  const send = (text: string) => post({ recipient: { id: mia.id }, message: { text } })
  return { receiver, simulator, account, mia, bodies, message, graph, post, send }
}

type Kit = Awaited<ReturnType<typeof setUp>>
const errorOf = async (response: Response): Promise<{ code: number; error_subcode?: number; message: string }> =>
  ((await response.json()) as { error: { code: number; error_subcode?: number; message: string } }).error

test('webhooks are signed over the escaped bytes that are sent', async (t) => {
  const { simulator, receiver, mia, account } = await setUp(t)
  const sent = await simulator.dm(mia, 'café 🙏 https://example.com/ä')
  const { body, headers } = receiver.only()
  t.regex(body.toString(), /^[\x20-\x7e]+$/)
  t.true(body.includes('caf\\u00e9 \\ud83d\\ude4f https:\\/\\/example.com\\/\\u00e4'))
  t.is(headers['x-hub-signature-256'], `sha256=${hmac('sha256', body, account.appSecret)}`)
  t.is(headers['x-hub-signature'], `sha1=${hmac('sha1', body, account.appSecret)}`)
  const rewritten = Buffer.from(JSON.stringify(JSON.parse(body.toString())))
  t.not(headers['x-hub-signature-256'], `sha256=${hmac('sha256', rewritten, account.appSecret)}`)
  t.is(headers['user-agent'], 'facebookexternalua')
  t.is(headers['content-type'], 'application/json')
  t.is(headers['facebook-api-version'], 'v26.0')
  t.is(sent.status, 200)
})

test('the recorded vector: these bytes under this secret have this signature', (t) => {
  const body = toWire({
    object: 'instagram',
    entry: [
      {
        time: 1767225600500,
        id: '17841400000000101',
        messaging: [
          {
            sender: { id: '1200000000000001' },
            recipient: { id: '17841400000000101' },
            timestamp: 1767225600123,
            message: { mid: 'aWdfVEVTVA', text: 'café 🙏 https://example.com' },
          },
        ],
      },
    ],
  })
  t.is(body.byteLength, 281)
  t.is(
    hmac('sha256', body, 'example_app_secret_do_not_use'),
    '2dd0f9ab93b6a188463a86781c8e58d8602a626d081a62c72838356ab2195f2f',
  )
})

test('a direct message has the recorded shape, ids are strings beyond 2^53', async (t) => {
  const { simulator, mia, account, bodies } = await setUp(t)
  const { mid } = await simulator.dm(mia, 'Is this in stock?')
  const [body] = bodies()
  const { time, ...entry } = body.entry[0]
  const { timestamp, ...item } = entry.messaging[0]
  t.deepEqual(
    { object: body.object, id: entry.id, item },
    {
      object: 'instagram',
      id: account.id,
      item: { sender: { id: mia.id }, recipient: { id: account.id }, message: { mid, text: 'Is this in stock?' } },
    },
  )
  t.true(time >= timestamp && timestamp > 1e12)
  t.regex(account.id, /^1784140\d{10}$/)
  t.regex(mia.id, /^\d{17}$/)
  t.regex(mid ?? '', /^aWdfZAG1faXRlbTox[A-Za-z0-9]{130,165}$/)
})

const attachment = (type: string, url: string) => ({ attachments: [{ type, payload: { url } }] })

test('every kind of message carries its own payload', async (t) => {
  const { simulator, mia, message, bodies } = await setUp(t)
  const url = 'https://cdn.example/1'
  for (const type of ['image', 'video', 'audio', 'file'] as const) {
    const { mid } = await simulator[type](mia, { mediaUrl: url })
    t.deepEqual(message().message, { mid, ...attachment(type, url) })
  }
  const { mid: captioned } = await simulator.image(mia, { mediaUrl: url, text: 'look' })
  t.deepEqual(message().message, { mid: captioned, text: 'look', ...attachment('image', url) })

  const reply = await simulator.storyReply(mia, 'Love it', { storyId: '18000000000000006', storyUrl: url })
  t.deepEqual(message().message, {
    mid: reply.mid,
    text: 'Love it',
    reply_to: { story: { id: '18000000000000006', url } },
  })
  const mention = await simulator.storyMention(mia, { storyUrl: url })
  t.deepEqual(message().message, { mid: mention.mid, ...attachment('story_mention', url) })
  const quick = await simulator.quickReply(mia, 'Red one', {})
  t.deepEqual(message().message, { mid: quick.mid, text: 'Red one', quick_reply: { payload: 'RED_ONE' } })
  const tapped = await simulator.postback(mia, 'Opening hours', { payload: 'HOURS' })
  t.deepEqual(message().postback, { mid: tapped.mid, title: 'Opening hours', payload: 'HOURS' })
  const answer = await simulator.dm(mia, 'that one', { replyTo: quick.mid ?? '' })
  t.deepEqual(message().message, { mid: answer.mid, text: 'that one', reply_to: { mid: quick.mid } })
  await simulator.optin(mia, { payload: 'p' })
  t.is(message().optin.payload, 'p')
  await simulator.edit(mia, answer.mid ?? '', 'that other one')
  t.deepEqual(message().message_edit, { mid: answer.mid, text: 'that other one', num_edit: 1 })
  await simulator.unsend(mia, answer.mid ?? '')
  t.deepEqual(message().message, { mid: answer.mid, is_deleted: true })
  const times = bodies().map(({ entry }) => entry[0].messaging[0].timestamp)
  t.deepEqual(
    times,
    [...new Set(times)].sort((a, b) => a - b),
  )
  t.like(
    simulator.phone(mia).find(({ mid }) => mid === answer.mid),
    { text: 'that other one', unsent: true },
  )
})

test('comments come in both envelopes, with the time in seconds', async (t) => {
  const { simulator, mia, bodies, account } = await setUp(t)
  const options = { mediaId: '18000000000000001', parentId: '17900000000000000' } as const
  const nested = await simulator.comment(mia, 'How much?', options)
  const flat = await simulator.comment(mia, 'How much?', { ...options, form: 'flat' })
  const change = (id: string | null) => ({
    field: 'comments',
    value: {
      id,
      from: { id: mia.id, username: 'mia.torres' },
      text: 'How much?',
      media: { id: '18000000000000001', media_product_type: 'FEED' },
      parent_id: '17900000000000000',
    },
  })
  const [first, second] = bodies().map(({ entry }) => entry[0])
  t.deepEqual(first, { id: account.id, time: first.time, changes: [change(nested.mid)] })
  t.deepEqual(second, { id: account.id, time: second.time, ...change(flat.mid) })
  t.true(first.time < 1e11)
})

test('an answer typed in the app is an echo and on the phone', async (t) => {
  const { simulator, mia, message, account } = await setUp(t)
  const { mid } = await simulator.typedOnPhone(mia, 'Yes')
  t.like(message(), {
    sender: { id: account.id },
    recipient: { id: mia.id },
    message: { mid, text: 'Yes', is_echo: true },
  })
  t.like(simulator.received(mia)[0], { via: 'instagram-app', text: 'Yes' })
})

test('dashboard tests speak for account "0", raw bodies go out as they are', async (t) => {
  const { simulator, account, bodies, receiver } = await setUp(t)
  await simulator.dashboardTest(account)
  t.like(bodies()[0].entry[0], { id: '0', changes: [{ field: 'messages', value: { message: { mid: 'random_mid' } } }] })
  await simulator.raw(account, '{"object": "instagram", "entry": "é"')
  t.is(receiver.received[1]?.body.toString(), '{"object": "instagram", "entry": "é"')
  await simulator.raw(account, '{}', { headers: { 'X-Hub-Signature-256': 'sha256=00', 'X-Hub-Signature': '' } })
  t.is(receiver.received[2]?.headers['x-hub-signature-256'], 'sha256=00')
  t.false('x-hub-signature' in (receiver.received[2]?.headers ?? {}))
})

test('a held webhook is delivered when, in what order and as often as the test wants', async (t) => {
  const { simulator, mia, bodies } = await setUp(t)
  const first = await simulator.dm(mia, 'one', { hold: true })
  const second = await simulator.dm(mia, 'two', { hold: true })
  for (const webhook of [second, first, second]) await simulator.deliver(webhook)
  t.deepEqual(
    bodies().map(({ entry }) => entry[0].messaging[0].message.text),
    ['two', 'one', 'two'],
  )
  t.is(second.attempts.length, 2)
})

test('the handshake is passed by who gives the challenge back', async (t) => {
  const { simulator, account, receiver } = await setUp(t)
  t.true(await simulator.handshake(account, 'token'))
  t.is(receiver.received[0]?.path, '/webhook/1')
})

test('a send reaches the phone, is answered, and echoes with the same mid afterwards', async (t) => {
  const { simulator, mia, send, bodies } = await setUp(t)
  await simulator.dm(mia, 'hello')
  const answer = (await (await send('Grüße 🙏')).json()) as { recipient_id: string; message_id: string }
  t.is(answer.recipient_id, mia.id)
  t.deepEqual(
    simulator.phone(mia).map(({ from, text }) => [from, text]),
    [
      ['customer', 'hello'],
      ['business', 'Grüße 🙏'],
    ],
  )
  await simulator.waitFor(() => bodies().length === 2)
  t.deepEqual(bodies()[1].entry[0].messaging[0].message, { mid: answer.message_id, text: 'Grüße 🙏', is_echo: true })
  t.like(simulator.calls[0], { method: 'POST', status: 200 })
})

const refusals: [string, (kit: Kit) => Promise<Response>, number, number | undefined, number][] = [
  ['a text over 1,000 UTF-8 bytes', ({ send }) => send('é'.repeat(501)), 100, undefined, 400],
  [
    'a wrong token',
    ({ graph, account }) =>
      graph(`/${account.id}/messages`, { method: 'POST', headers: { Authorization: 'Bearer x' } }),
    190,
    463,
    400,
  ],
  [
    'an unknown recipient',
    ({ post }) => post({ recipient: { id: '12999999999999999' }, message: { text: 'x' } }),
    100,
    2534014,
    400,
  ],
  [
    'a recipient id that is a number',
    ({ post }) => post({ recipient: { id: 12 }, message: { text: 'x' } }),
    100,
    2534014,
    400,
  ],
  ['the Page as node under Instagram Login', ({ post, account }) => post({}, account.pageId), 100, 33, 400],
  ['an empty message', ({ post, mia }) => post({ recipient: { id: mia.id }, message: {} }), 100, undefined, 400],
  [
    'a retired tag',
    ({ post, mia }) => post({ recipient: { id: mia.id }, tag: 'ACCOUNT_UPDATE', message: { text: 'x' } }),
    100,
    undefined,
    400,
  ],
  ['an unknown path', ({ graph, account }) => graph(`/v26.0/v26.0/${account.id}/messages`), 2500, undefined, 500],
]

for (const [title, call, code, subcode, status] of refusals) {
  test(`refused as Meta does: ${title}`, async (t) => {
    const kit = await setUp(t)
    await kit.simulator.dm(kit.mia, 'hello')
    const response = await call(kit)
    const error = await errorOf(response)
    t.deepEqual([response.status, error.code, error.error_subcode], [status, code, subcode])
    t.is(kit.simulator.received(kit.mia).length, 0)
  })
}

test('exactly 1,000 bytes go through', async (t) => {
  const { simulator, mia, send } = await setUp(t)
  await simulator.dm(mia, 'hello')
  t.is((await send('é'.repeat(500))).status, 200)
})

test('the window closes 24 hours after the last message, and a new one opens it', async (t) => {
  let now = new Date('2026-01-01T12:00:00Z')
  const { simulator, mia, send, post } = await setUp(t, { clock: () => now })
  t.like(await errorOf(await send('unasked')), { code: 10, error_subcode: 2534022 })
  await simulator.comment(mia, 'a comment opens nothing')
  t.is((await send('unasked')).status, 403)
  await simulator.dm(mia, 'hello')
  now = new Date('2026-01-02T11:59:59Z')
  t.is((await send('in time')).status, 200)
  now = new Date('2026-01-02T12:00:01Z')
  t.like(await errorOf(await send('too late')), { code: 10, error_subcode: 2534022 })
  t.is((await post({ recipient: { id: mia.id }, tag: 'HUMAN_AGENT', message: { text: 'x' } })).status, 403)
  await simulator.storyMention(mia)
  t.is((await send('welcome back')).status, 200)
})

test('a comment is answered privately once, within seven days', async (t) => {
  let now = new Date('2026-01-01T12:00:00Z')
  const { simulator, mia, post } = await setUp(t, { clock: () => now })
  const { mid } = await simulator.comment(mia, 'How much?')
  const { mid: late } = await simulator.comment(mia, 'And this?')
  const reply = (comment_id: string | null) => post({ recipient: { comment_id }, message: { text: '5 €' } })
  t.like(await (await reply(mid)).json(), { recipient_id: mia.id })
  t.like(simulator.received(mia)[0], { privateReplyTo: mid, text: '5 €' })
  t.like(await errorOf(await reply(mid)), { code: 100, error_subcode: 2534025 })
  t.like(await errorOf(await reply('17900000000000009')), { code: 100, error_subcode: 2534025 })
  now = new Date('2026-01-08T12:00:01Z')
  t.like(await errorOf(await reply(late)), { code: 100, error_subcode: 2534025 })
})

test('under Facebook Login messages go to the Page, not to the account', async (t) => {
  const { simulator } = await setUp(t)
  const account = simulator.account({ login: 'facebook' })
  const ben = simulator.customer({ account })
  await simulator.dm(ben, 'hi', { hold: true })
  const send = (path: string) =>
    fetch(`${simulator.url}${path}?access_token=${account.accessToken}`, {
      method: 'POST',
      body: new URLSearchParams({ recipient: `{"id":"${ben.id}"}`, message: '{"text":"x"}' }),
    })
  t.is((await errorOf(await send(`/graph.facebook.com/v26.0/${account.id}/messages`))).code, 3)
  t.is((await errorOf(await send(`/graph.instagram.com/v26.0/${account.pageId}/messages`))).code, 190)
  t.is((await send(`/graph.facebook.com/v26.0/${account.pageId}/messages`)).status, 200)
})

test('a profile has the asked fields, only of who wrote, and only for their account', async (t) => {
  const { simulator, mia, graph } = await setUp(t)
  const look = (id: string) => graph(`/v26.0/${id}?fields=name,username`)
  t.is((await errorOf(await look(mia.id))).code, 230)
  await simulator.dm(mia, 'hello')
  t.deepEqual(await (await look(mia.id)).json(), { name: 'Mia Torres', username: 'mia.torres', id: mia.id })
  const bot = simulator.customer({ profile: 'missing' })
  await simulator.dm(bot, 'hello')
  t.is((await errorOf(await look(bot.id))).code, 9010)
  const stranger = simulator.customer({ account: simulator.account() })
  t.like(await errorOf(await look(stranger.id)), { code: 100, error_subcode: 33 })
  simulator.fault({ kind: 'refusal', code: 2 }, { on: 'profile' })
  t.is((await errorOf(await look(mia.id))).code, 2)
  t.is((await look(mia.id)).status, 200)
})

test('revoked tokens answer 190', async (t) => {
  const { simulator, mia, send, account } = await setUp(t)
  await simulator.dm(mia, 'hello')
  simulator.revokeTokens(account)
  t.is((await errorOf(await send('x'))).code, 190)
})
