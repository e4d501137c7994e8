import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { createInstagramChannel, type InstagramConfig } from '../../../src/adapters/instagram/channel.ts'
import type { ChannelAccount, Delivery, OutboundMessage } from '../../../src/core/channel/delivery.ts'
import { account, type GraphServer, json, startGraphServer, TOKEN, toComment, toPerson } from './graph-server.ts'

const ACCEPTED = json(200, { recipient_id: '2100000000000345', message_id: 'm.sent' })

async function serve(t: ExecutionContext, answer: Parameters<typeof startGraphServer>[0]): Promise<GraphServer> {
  const server = await startGraphServer(answer)
  t.teardown(server.stop)
  return server
}

type Given = Readonly<{
  message?: OutboundMessage
  from?: ChannelAccount
  signal?: AbortSignal
  config?: Partial<InstagramConfig>
}>

async function sendTo(url: string, given: Given = {}): Promise<Delivery> {
  const config = { graphUrl: url, facebookGraphUrl: `${url}/fb`, graphVersion: 'v26.0', ...given.config }
  const { sender } = createInstagramChannel(config, { fetch })
  const signal = given.signal ?? new AbortController().signal
  const delivery = await sender.send(given.message ?? toPerson(), given.from ?? account(), signal)
  if (JSON.stringify(delivery).includes(TOKEN)) throw new Error('the token got out')
  return delivery
}

test('a direct message goes to the account’s messages and comes back with the platform’s id', async (t) => {
  const server = await serve(t, ACCEPTED)
  const delivery = await sendTo(server.url, { message: toPerson('Grüße 👋') })
  t.deepEqual(delivery, { status: 'accepted', externalId: 'm.sent' } as unknown as Delivery)
  const [call] = server.calls
  t.is(call?.method, 'POST')
  t.is(call?.url, '/v26.0/17841455500000011/messages')
  t.is(call?.headers.authorization, `Bearer ${TOKEN}`)
  t.is(call?.headers['content-type'], 'application/json')
  t.is(call?.headers['x-request-id'], 'req-1')
  t.deepEqual(JSON.parse(call?.body ?? ''), { recipient: { id: '2100000000000345' }, message: { text: 'Grüße 👋' } })
})

test('the answer to a comment is a private reply to it', async (t) => {
  const server = await serve(t, ACCEPTED)
  t.is((await sendTo(server.url, { message: toComment() })).status, 'accepted')
  t.deepEqual(JSON.parse(server.calls[0]?.body ?? ''), {
    recipient: { comment_id: '17977000000000001' },
    message: { text: 'Thank you!' },
  })
})

// proves: out.pages
test('with Facebook Login both go through the Page, on the other host', async (t) => {
  const server = await serve(t, ACCEPTED)
  const from = account({ settings: { login: 'facebook', facebookPageId: '104000000000077' } })
  await sendTo(server.url, { from })
  await sendTo(server.url, { from, message: toComment() })
  await sendTo(server.url, { from: account({ settings: { login: 'facebook' } }) })
  t.deepEqual(
    server.calls.map(({ url }) => url),
    ['/fb/v26.0/104000000000077/messages', '/fb/v26.0/104000000000077/messages', '/fb/v26.0/me/messages'],
  )
})

test('slashes at the end of the configured address and an empty version do no harm', async (t) => {
  const server = await serve(t, ACCEPTED)
  await sendTo(server.url, { config: { graphUrl: `${server.url}//`, graphVersion: '' } })
  t.is(server.calls[0]?.url, '/17841455500000011/messages')
})

test('a message id beyond 2^53 as a bare number keeps its digits', async (t) => {
  const server = await serve(t, json(200, '{"recipient_id":1,"message_id":90071992547409931}'))
  t.like(await sendTo(server.url), { status: 'accepted', externalId: '90071992547409931' })
})

test('a refusal is told by its code', async (t) => {
  const error = { message: 'This message is sent outside of allowed window.', code: 10, error_subcode: 2534022 }
  const server = await serve(t, json(403, { error }))
  t.like(await sendTo(server.url), { status: 'refused', code: 'messaging-window-closed', platformCode: '10/2534022' })
  t.is(server.calls.length, 1)
})

test('429 with Retry-After waits that long', async (t) => {
  const server = await serve(t, json(429, { error: { message: 'slow down', code: 613 } }, { 'retry-after': '17' }))
  t.like(await sendTo(server.url), { status: 'retry', pauses: 'account', afterMs: 17_000 })
})

test('500, garbage and an answer that breaks off are doubt', async (t) => {
  const broken = (response: Parameters<Parameters<typeof startGraphServer>[0]>[0]) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' })
    response.write('{"message_id":"m.')
    setTimeout(() => response.destroy(), 20)
  }
  for (const answer of [json(500, { error: { code: 2 } }), json(200, '<html>'), json(200, ''), broken]) {
    const server = await serve(t, answer)
    t.is((await sendTo(server.url)).status, 'unknown')
    t.is(server.calls.length, 1, 'and are not tried again')
  }
})

test('a connection that is cut after the request is doubt', async (t) => {
  const server = await serve(t, (_response, socket) => socket.destroy())
  t.is((await sendTo(server.url)).status, 'unknown')
})

test('no answer in time is doubt, before the first byte and after it', async (t) => {
  const silent = await serve(t, () => undefined)
  t.like(await sendTo(silent.url, { config: { sendTimeoutMs: 100 } }), {
    status: 'unknown',
    detail: 'no answer in time',
  })
  const stalled = await serve(t, (response) => {
    response.writeHead(200)
    response.write('{')
  })
  const begun = performance.now()
  t.is((await sendTo(stalled.url, { config: { sendTimeoutMs: 100 } })).status, 'unknown')
  t.true(performance.now() - begun < 5_000)
})

test('an answer without end is left at its limit', async (t) => {
  const server = await serve(t, (response) => {
    response.writeHead(200)
    const more = () => response.write('x'.repeat(65_536), () => setImmediate(more))
    more()
    response.on('error', () => undefined)
  })
  const begun = performance.now()
  t.is((await sendTo(server.url)).status, 'unknown')
  t.true(performance.now() - begun < 5_000, 'long before the time is up')
})

test('a redirect is not followed, and the token goes nowhere else', async (t) => {
  const other = await serve(t, ACCEPTED)
  for (const status of [301, 302, 303, 307, 308]) {
    const server = await serve(t, json(status, '', { location: `${other.url}/elsewhere` }))
    t.is((await sendTo(server.url)).status, 'unknown')
  }
  t.is(other.calls.length, 0)
})

test('nothing was written where nobody listens or the name is unknown: it may be tried again', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  t.like(await sendTo(`http://127.0.0.1:${port}`), { status: 'retry', pauses: 'message', afterMs: null })
  t.like(await sendTo('http://no-such-host.invalid'), { status: 'retry', pauses: 'message' })
})

test('nothing was written where TLS could not be agreed on', async (t) => {
  const server = await serve(t, ACCEPTED)
  t.like(await sendTo(server.url.replace('http:', 'https:')), { status: 'retry', pauses: 'message' })
  t.is(server.calls.length, 0)
})

test('each kind of network failure is told apart by what it proves', async (t) => {
  const failing = async (cause: object): Promise<string> => {
    const fetch = () => Promise.reject(Object.assign(new TypeError(`fetch failed ${TOKEN}`), { cause }))
    const config = { graphUrl: 'http://x.invalid', facebookGraphUrl: 'http://x.invalid', graphVersion: 'v26.0' }
    const delivery = await createInstagramChannel(config, { fetch }).sender.send(
      toPerson(),
      account(),
      new AbortController().signal,
    )
    t.false(JSON.stringify(delivery).includes(TOKEN))
    return delivery.status
  }
  const connect = { syscall: 'connect' }
  for (const cause of [
    { code: 'ENOTFOUND', syscall: 'getaddrinfo' },
    { code: 'EAI_AGAIN' },
    { code: 'ECONNREFUSED', ...connect },
    { code: 'ETIMEDOUT', ...connect },
    { code: 'UND_ERR_CONNECT_TIMEOUT' },
    { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
    { code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    { cause: { code: 'ECONNREFUSED' } },
  ]) {
    t.is(await failing(cause), 'retry', JSON.stringify(cause))
  }
  for (const cause of [
    {},
    { code: 'ECONNRESET', syscall: 'read' },
    { code: 'ETIMEDOUT', syscall: 'read' },
    { code: 'EPIPE', syscall: 'write' },
    { code: 'UND_ERR_SOCKET' },
    { code: 'UND_ERR_HEADERS_TIMEOUT' },
    { code: 'HPE_INVALID_CONSTANT' },
    { code: 7 },
  ]) {
    t.is(await failing(cause), 'unknown', JSON.stringify(cause))
  }
})

test('a call cancelled before it began sent nothing, one cancelled later is doubt', async (t) => {
  const server = await serve(t, () => undefined)
  t.like(await sendTo(server.url, { signal: AbortSignal.abort() }), { status: 'retry', pauses: 'message' })
  t.is(server.calls.length, 0)
  t.is((await sendTo(server.url, { signal: AbortSignal.timeout(50) })).status, 'unknown')
})

test('without a usable token nothing is called, and an odd one is not quoted', async (t) => {
  const server = await serve(t, ACCEPTED)
  for (const accessToken of ['', 'two words', 'line\nbreak', 'ünï']) {
    const delivery = await sendTo(server.url, { from: account({ secrets: { accessToken } }) })
    t.like(delivery, { status: 'refused', code: 'credentials-rejected' })
    if (accessToken !== '') t.false(JSON.stringify(delivery).includes(accessToken))
  }
  t.like(await sendTo(server.url, { from: account({ secrets: {} }) }), {
    status: 'refused',
    code: 'credentials-rejected',
  })
  t.is(server.calls.length, 0)
})

test('an id cannot lead the call to another path', async (t) => {
  const server = await serve(t, ACCEPTED)
  const from = account()
  const pathOf = async (id: string) => {
    await sendTo(server.url, { from: { ...from, account: id as typeof from.account } })
    return server.calls.at(-1)?.url
  }
  t.is(await pathOf('../me?x='), '/v26.0/..%2Fme%3Fx%3D/messages')
  t.is(await pathOf('..'), '/v26.0/unusable-id/messages')
  t.is(await pathOf('a\ud800'), '/v26.0/a%EF%BF%BD/messages')
})

test('an odd request id is left out of the headers', async (t) => {
  const server = await serve(t, ACCEPTED)
  for (const requestId of [null, 'a\r\nx: y', 'é', ''])
    await sendTo(server.url, { message: { ...toPerson(), requestId } })
  t.true(server.calls.every(({ headers }) => headers['x-request-id'] === undefined))
  t.is(server.calls.length, 4)
})
