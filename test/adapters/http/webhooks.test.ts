import { createHmac, randomUUID } from 'node:crypto'
import { request } from 'node:http'
import { connect } from 'node:net'
import test from 'ava'
import { startHttp } from './support/http-server.ts'
import { until } from './support/until.ts'

const server = await startHttp()
const channelId = randomUUID()
const silentId = randomUUID()
server.webhookSecrets.set(channelId, 'planted-app-secret')
server.webhookSecrets.set(silentId, '')
test.after.always(() => server.stop())

const MAX = 3 * 1024 * 1024
const path = `/webhook/${channelId}`
const sign = (body: string | Uint8Array) =>
  `sha256=${createHmac('sha256', 'planted-app-secret').update(body).digest('hex')}`
const deliver = (body: string | Uint8Array, headers: Record<string, string> = {}, to = path) =>
  server.call('POST', to, { body, headers: { 'x-hub-signature-256': sign(body), ...headers } })
const received = (body: string | Uint8Array) =>
  server.accepted.filter((one) => Buffer.from(one.body).equals(Buffer.from(body)))

test('a signed delivery is acknowledged in plain text, with its exact bytes handed on', async (t) => {
  const body = '{"text":"\\ud83d\\ude00 \u{1f600}"}'
  const answer = await deliver(body, { 'content-type': 'application/json', 'x-request-id': 'from-the-platform' })
  t.is(answer.status, 200)
  t.is(answer.text, 'EVENT_RECEIVED')
  t.is(answer.headers.get('content-type'), 'text/plain; charset=utf-8')
  t.is(answer.headers.get('x-request-id'), 'from-the-platform')
  t.is(answer.headers.get('set-cookie'), null)
  const [delivery, ...more] = received(body)
  t.deepEqual(more, [])
  t.like(delivery, { channelId, requestId: 'from-the-platform', isLocal: true })
  t.is(delivery?.headers['content-type'], 'application/json')
})

for (const type of [
  'application/json',
  'application/json; charset=utf-16',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'text/plain',
  'image/png',
  'no type at all',
]) {
  test(`the content type does not matter: ${type}`, async (t) => {
    const body = `the body for ${type}`
    t.is((await deliver(body, { 'content-type': type })).status, 200)
    t.is(received(body).length, 1)
  })
}

test('further query parameters do not matter', async (t) => {
  t.is((await deliver('with a query', {}, `${path}?a=1&a=2&__proto__=x&%zz=%00`)).status, 200)
})

test('an empty body and bytes of any kind are only bytes', async (t) => {
  t.is((await deliver('')).status, 200)
  const bytes = new Uint8Array(256).map((_, at) => at)
  t.is((await deliver(bytes)).status, 200)
  t.is(received(bytes).length, 1)
})

test('a compressed body is not unpacked', async (t) => {
  const body = new Uint8Array([0x1f, 0x8b, 8, 0])
  t.is((await deliver(body, { 'content-encoding': 'gzip' })).status, 200)
  t.is(received(body).length, 1)
})

test('a body that comes in pieces of unknown number arrives whole', async (t) => {
  const pieces = Array.from({ length: 50 }, (_, at) => `piece ${at} `)
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const req = request(
      `${server.url}${path}`,
      { method: 'POST', headers: { 'x-hub-signature-256': sign(pieces.join('')) } },
      (res) => {
        res.resume()
        resolve(res.statusCode)
      },
    )
    req.on('error', reject)
    const next = () => {
      const piece = pieces.shift()
      if (piece === undefined) return req.end()
      req.write(piece)
      setTimeout(next, 1)
    }
    next()
  })
  t.is(status, 200)
  t.is(received(Array.from({ length: 50 }, (_, at) => `piece ${at} `).join('')).length, 1)
})

test('S106: 3 MB is the limit: exactly that is taken, one byte more is refused', async (t) => {
  const largest = new Uint8Array(MAX).fill(0x61)
  t.is((await deliver(largest)).status, 200)
  const answer = await deliver(new Uint8Array(MAX + 1))
  t.is(answer.status, 413)
  t.is(answer.json.code, 'payload-too-large')
  t.deepEqual(
    server.accepted.flatMap(({ body }) => (body.length >= MAX ? [body.length] : [])),
    [MAX],
  )
})

test('a body without a declared length is cut off at the limit too', async (t) => {
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const req = request(`${server.url}${path}`, { method: 'POST' }, (res) => {
      res.resume()
      resolve(res.statusCode)
    })
    req.on('error', reject)
    const chunk = Buffer.alloc(64 * 1024)
    for (let sent = 0; sent <= MAX; sent += chunk.length) req.write(chunk)
    req.end()
  })
  t.is(status, 413)
})

test("an upload that breaks off is nobody's delivery", async (t) => {
  const socket = connect(server.port, '127.0.0.1')
  const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n`
  await new Promise((resolve) => socket.write(`${head}half of it`, resolve))
  socket.destroy()
  await until(async () => /webhook_received_total\{result="aborted"\} 1/.test(await server.deps.metrics.metrics()))
  t.false(server.accepted.some(({ body }) => Buffer.from(body).includes('half of it')))
})

const refused: [what: string, path: string, headers: Record<string, string>, status: number, code: string][] = [
  ['no signature', path, {}, 401, 'bad-signature'],
  ['a wrong signature', path, { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` }, 401, 'bad-signature'],
  ['an empty signature', path, { 'x-hub-signature-256': 'sha256=' }, 401, 'bad-signature'],
  ['a channel without a secret', `/webhook/${silentId}`, {}, 503, 'no-webhook-secret'],
  ['a channel that nobody has', `/webhook/${randomUUID()}`, {}, 404, 'not-found'],
  ['something that is no id', '/webhook/instagram%00', {}, 404, 'not-found'],
  ['no id', '/webhook/', {}, 404, 'not-found'],
  ['an id and more', `${path}/more`, {}, 404, 'not-found'],
]
for (const [what, to, headers, status, code] of refused) {
  test(`${what}: ${status} ${code}`, async (t) => {
    const answer = await server.call('POST', to, { body: '{}', headers })
    t.is(answer.status, status)
    t.is(answer.headers.get('content-type'), 'application/problem+json')
    t.like(answer.json, { status, code, instance: to, requestId: answer.headers.get('x-request-id')! })
    t.is(answer.headers.get('retry-after'), status === 503 ? '5' : null)
  })
}

test('two signatures, one of them right, are no signature', async (t) => {
  const headers = [
    ['x-hub-signature-256', sign('{}')],
    ['x-hub-signature-256', 'sha256=00'],
  ] as const
  const status = await new Promise((resolve, reject) => {
    const req = request(`${server.url}${path}`, { method: 'POST' }, (res) => resolve(res.resume().statusCode))
    req.on('error', reject)
    req.setHeader(
      headers[0][0],
      headers.map(([, value]) => value),
    )
    req.end('{}')
  })
  t.is(status, 401)
})

test('nowhere to keep a delivery: 503, and the platform comes again', async (t) => {
  const own = await startHttp()
  t.teardown(() => own.stop())
  own.webhookSecrets.set(channelId, 'planted-app-secret')
  own.state.webhooks = 'away'
  const init = { body: '{}', headers: { 'x-hub-signature-256': sign('{}') } }
  const away = await own.call('POST', path, init)
  t.like(away.json, { status: 503, code: 'unavailable', retryable: true })
  t.is(away.headers.get('retry-after'), '5')

  for (let repeat = 0; repeat < 5; repeat++) await own.call('POST', path, init)
  const told = own.log.lines.filter(({ fields }) => fields['result'] === 'unavailable')
  t.is(told.length, 6)
  t.like(told[0], { level: 'warn', fields: { channelId, err: { cause: { message: 'the spool said why' } } } })
  t.deepEqual(
    told.map(({ fields }) => 'err' in fields),
    [true, false, false, false, false, false],
  )

  own.state.webhooks = 'broken'
  const broken = await own.call('POST', path, init)
  t.is(broken.json.code, 'internal')
  t.notRegex(broken.text, /planted/)
  t.is(own.log.of('error').length, 1)
})

test('a handshake that cannot be looked up is 503, and its cause is told', async (t) => {
  const own = await startHttp()
  t.teardown(() => own.stop())
  own.webhookSecrets.set(channelId, 'planted-app-secret')
  own.state.webhooks = 'away'
  const query = 'hub.mode=subscribe&hub.verify_token=verify-me&hub.challenge=1158201444'
  const answer = await own.call('GET', `${path}?${query}`)
  t.like(answer.json, { status: 503, code: 'unavailable' })
  const [line] = own.log.lines.filter(({ level }) => level === 'warn')
  t.like(line, { fields: { channelId, result: 'unavailable', err: { cause: { message: 'the spool said why' } } } })
  t.notRegex(own.log.text, /verify-me/)
})

for (const header of ['x-forwarded-for', 'forwarded', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'via']) {
  test(`S141: a call that came through a tunnel is not from this machine: ${header}`, async (t) => {
    const body = `tunnelled with ${header}`
    await deliver(body, { [header]: '127.0.0.1' })
    t.false(received(body)[0]!.isLocal)
  })
}

// proves: webhook.handshake
test('A22, S48: the handshake gives the challenge back exactly, as plain text, and nothing to whoever has not the token', async (t) => {
  const query = (challenge: string, token = 'verify-me') =>
    `${path}?hub.mode=subscribe&hub.verify_token=${token}&hub.challenge=${encodeURIComponent(challenge)}&extra=1`
  for (const challenge of ['test_challenge', '1158201444', '<script>alert(1)</script>', 'é 😀']) {
    const answer = await server.call('GET', query(challenge))
    t.is(answer.status, 200)
    t.is(answer.text, challenge)
    t.is(answer.headers.get('content-type'), 'text/plain; charset=utf-8')
    t.is(answer.headers.get('x-content-type-options'), 'nosniff')
  }
  const challenge = 'to-be-echoed'
  for (const to of [
    query(challenge, 'wrong'),
    query(challenge, ''),
    query(challenge).replace('hub.verify_token=verify-me&', ''),
    query(challenge).replace('hub.verify_token', 'hub.verify_token[]'),
    path,
    `/webhook/${randomUUID()}?hub.mode=subscribe&hub.challenge=${challenge}`,
    '/webhook/x',
  ]) {
    const answer = await server.call('GET', to)
    t.is(answer.status, 403, to)
    t.is(answer.json.code, 'verification-failed')
    t.false(answer.text.includes(challenge), to)
  }
})

test('deliveries are counted by what became of them', async (t) => {
  await deliver('counted')
  const text = await server.deps.metrics.metrics()
  t.regex(text, /webhook_received_total\{result="accepted"\} \d+/)
  t.regex(text, /webhook_ack_duration_seconds_count \d+/)
})
