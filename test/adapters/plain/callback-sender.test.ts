import { createHmac } from 'node:crypto'
import type { IncomingHttpHeaders, RequestListener } from 'node:http'
import test, { type ExecutionContext } from 'ava'
import { anywhere, openInternet } from '../../../src/adapters/guarded-fetch/guard-rules.ts'
import { createGuardedClient, type GuardedClientOptions } from '../../../src/adapters/guarded-fetch/guarded-client.ts'
import { createPlainChannel } from '../../../src/adapters/plain/channel.ts'
import { createSettingsValidator } from '../../../src/adapters/settings-validator.ts'
import type { ChannelAccount, Delivery } from '../../../src/core/channel/delivery.ts'
import { textContent } from '../../../src/core/channel/outbound-content.ts'
import type { ChannelId, ExternalAccountId, ExternalMessageId, ExternalUserId, OrgId } from '../../../src/core/ids.ts'
import { HOSTILE, listener, PUBLIC_HERE, publicHere } from '../../support/hostile-addresses.ts'

const KEY = Buffer.alloc(32, 5)
const SECRET = `whsec_${KEY.toString('base64')}`
const NOW = new Date('2026-09-10T12:00:00.500Z')
const RETRY = { status: 'retry', pauses: 'message', afterMs: null } as const

const toHere = { rules: anywhere, resolver: async () => ['127.0.0.1'] }

type Settings = Record<string, unknown> & { callbackUrl: string }

function send(settings: Settings, options: GuardedClientOptions = toHere, httpsOnly = false): Promise<Delivery> {
  const clock = { now: () => NOW, monotonicMs: () => performance.now() }
  const { sender } = createPlainChannel({ client: createGuardedClient(options), clock, httpsOnly })
  const account: ChannelAccount = {
    ...{ orgId: 'org' as OrgId, channelId: 'channel' as ChannelId, account: 'api' as ExternalAccountId },
    settings,
    secrets: { secret: 'planted-inbound-secret', callbackSecret: SECRET },
  }
  return sender.send(
    {
      recipient: { type: 'person', externalId: 'instagram_user_123' as ExternalUserId },
      content: textContent('Hi'),
      replyTo: 'ig_msg_123' as ExternalMessageId,
      asHumanAgent: false,
      reference: 'r-1',
      requestId: null,
    },
    account,
    new AbortController().signal,
  )
}

async function receiver(t: ExecutionContext, answer: RequestListener) {
  const calls: { headers: IncomingHttpHeaders; body: string; method: string | undefined }[] = []
  const here = await listener(t, (req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      calls.push({ headers: req.headers, body: Buffer.concat(chunks).toString(), method: req.method })
      answer(req, res)
    })
  })
  return { ...here, calls, url: `http://shop.example:${here.port}/replies?from=inbox` }
}

test('a reply is posted with a signature that the receiver can check, and with nothing else of ours', async (t) => {
  const shop = await receiver(t, (_, res) => res.writeHead(202).end('thanks'))
  t.deepEqual((await send({ callbackUrl: shop.url })) as unknown, { status: 'accepted', externalId: 'out:r-1' })
  const [call] = shop.calls
  t.is(call?.method, 'POST')
  const { headers, body } = call ?? { headers: {} as IncomingHttpHeaders, body: '' }
  t.deepEqual(JSON.parse(body), {
    type: 'message.reply',
    timestamp: NOW.toISOString(),
    data: {
      channelId: 'channel',
      recipient: 'instagram_user_123',
      messageId: 'out:r-1',
      replyToMessageId: 'ig_msg_123',
      content: { kind: 'TEXT', text: 'Hi', quickReplies: [] },
    },
  })
  const seconds = String(Math.floor(NOW.getTime() / 1000))
  t.like(headers, { 'webhook-id': 'r-1', 'webhook-timestamp': seconds, 'content-type': 'application/json' })
  const expected = createHmac('sha256', KEY).update(`r-1.${seconds}.${body}`).digest('base64')
  t.is(headers['webhook-signature'], `v1,${expected}`)
  t.deepEqual(
    Object.keys(headers).filter((name) => /auth|cookie|token/i.test(name)),
    [],
  )
  t.notRegex(JSON.stringify(shop.calls), /planted-inbound-secret|whsec_/)
})

test('an answer settles a reply only where it is plain; in doubt it is posted again where the receiver takes an id once', async (t) => {
  let code = 0
  let more: Record<string, string> = {}
  const shop = await receiver(t, (_, res) => {
    if (code === 0) res.destroy()
    else res.writeHead(code, more).end('x'.repeat(50_000))
  })
  const at = async (status: number, headers: Record<string, string> = {}, settings = {}) => {
    code = status
    more = headers
    return (await send({ callbackUrl: shop.url, ...settings })) as unknown as Record<string, unknown>
  }
  for (const status of [200, 201, 204]) t.is((await at(status))['status'], 'accepted', String(status))
  for (const status of [301, 307, 400, 401, 404, 410, 413])
    t.like(await at(status, { location: '/elsewhere' }), {
      ...{ status: 'refused', code: 'callback-refused', platformCode: String(status), alert: true },
    })
  for (const status of [429, 503]) {
    t.like(await at(status), { status: 'retry', pauses: 'account', afterMs: null })
    t.like(await at(status, { 'retry-after': '7' }), { status: 'retry', afterMs: 7_000 })
    t.like(await at(status, { 'retry-after': new Date(NOW.getTime() + 59_500).toUTCString() }), { afterMs: 59_500 })
    t.like(await at(status, { 'retry-after': '999999999' }), { afterMs: 3_600_000 })
  }
  const idempotent = { callbackIdempotent: true }
  for (const status of [0, 500, 502, 504]) {
    t.is((await at(status))['status'], 'unknown', String(status))
    t.like(await at(status, {}, idempotent), RETRY, String(status))
  }
  t.like(await at(400, {}, idempotent), { status: 'refused' })
  t.deepEqual([...new Set(shop.calls.map(({ headers }) => headers['webhook-id']))], ['r-1'])
})

test('what cannot have arrived is posted again', async (t) => {
  const gone = { ...toHere, resolver: async () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' })) }
  t.like(await send({ callbackUrl: 'http://shop.example:1/' }), { ...RETRY, unanswered: true })
  t.like(await send({ callbackUrl: 'http://shop.example/' }, gone), { ...RETRY, unanswered: true })
  const plain = await listener(t)
  t.like(await send({ callbackUrl: `https://shop.example:${plain.port}/` }), RETRY, 'no TLS, so nothing was said')
})

test('S83, S86: a callback to a private, special or odd address is refused, and nothing is sent there', async (t) => {
  const here = await listener(t)
  for (const hostile of HOSTILE) {
    const rules = hostile.includes('{port}') ? { ...openInternet, isPort: () => true } : openInternet
    const callbackUrl = hostile.replace('{port}', String(here.port))
    const delivery = await send({ callbackUrl }, { rules, resolver: async () => ['127.0.0.1'] })
    t.like(delivery, { status: 'refused', code: 'callback-refused', platformCode: 'address' }, hostile)
  }
  t.is(here.hits(), 0)
})

test('S84, S85: a callback goes to the address that was checked, and a redirect takes no reply anywhere else', async (t) => {
  const inside = await listener(t)
  const outside = await receiver(t, (_, res) =>
    res.writeHead(307, { location: `http://127.0.0.1:${inside.port}/` }).end(),
  )
  const answers = [[PUBLIC_HERE], ['127.0.0.1']]
  const resolver = async () => answers.shift() ?? ['127.0.0.1']
  t.like(await send({ callbackUrl: outside.url }, { rules: publicHere, resolver }), { platformCode: '307' })
  t.deepEqual(outside.at, [PUBLIC_HERE])
  t.like(await send({ callbackUrl: outside.url }, { rules: publicHere, resolver }), { platformCode: 'address' })
  t.like(
    await send({ callbackUrl: outside.url }, { rules: publicHere, resolver: async () => [PUBLIC_HERE, '10.0.0.1'] }),
    {
      platformCode: 'address',
    },
  )
  t.deepEqual([outside.hits(), inside.hits()], [1, 0])
})

test('in production a callback is https alone: when it is entered, and when it is called', async (t) => {
  const here = await listener(t)
  t.like(await send({ callbackUrl: `http://shop.example:${here.port}/` }, toHere, true), { platformCode: 'address' })
  t.is(here.hits(), 0)
  const errorsOf = (config: object, httpsOnly: boolean) => {
    const clock = { now: () => NOW, monotonicMs: () => 0 }
    const { settings } = createPlainChannel({ client: createGuardedClient(), clock, httpsOnly })
    const errors = createSettingsValidator().validate('API', settings.schema, { secret: 'x'.repeat(16), ...config })
    return errors.map(({ pointer }) => pointer)
  }
  const signed = { callbackSecret: SECRET }
  t.deepEqual(errorsOf({ callbackUrl: 'https://shop.example/replies', ...signed }, true), [])
  t.deepEqual(errorsOf({ callbackUrl: 'http://shop.example/replies', ...signed }, false), [])
  t.deepEqual(errorsOf({ callbackUrl: 'http://shop.example/replies', ...signed }, true), ['/config/callbackUrl'])
  for (const url of [
    'ftp://shop.example/',
    'https://sam:pass@shop.example/',
    'https://shop.example/#x',
    'shop.example',
    '',
  ])
    t.deepEqual(errorsOf({ callbackUrl: url, ...signed }, false), ['/config/callbackUrl'], url)
  t.is(errorsOf({ callbackUrl: 'https://shop.example/replies' }, true).length, 1, 'never unsigned')
  for (const secret of ['a-secret', 'whsec_c2hvcnQ=', `whsec_${Buffer.alloc(23).toString('base64')}`])
    t.deepEqual(errorsOf({ callbackUrl: 'https://shop.example/', callbackSecret: secret }, true), [
      '/config/callbackSecret',
    ])
  for (const bytes of [24, 25, 26, 64])
    t.deepEqual(
      errorsOf({ callbackSecret: `whsec_${Buffer.alloc(bytes).toString('base64')}` }, true),
      [],
      String(bytes),
    )
})
