import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import test from 'ava'
import fc from 'fast-check'
import { loadContract } from '../../../src/adapters/http/contract.ts'
import { aTicketView } from '../../fakes/fake-views.ts'
import { PASSWORD, startHttp } from './support/http-server.ts'

const server = await startHttp()
const { orgId, token } = await server.signUp()
const ticket = aTicketView(orgId)
server.queries.tickets_.push(ticket)
test.after.always(() => server.stop())

const messages = `/orgs/${orgId}/tickets/${ticket.id}/messages`
const person = { orgName: 'A', name: 'B', email: 'a@example.com', password: PASSWORD }
const json = { 'content-type': 'application/json' }
const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`

/** A reply with one byte in its text. */
const withByte = (byte: number) => Buffer.concat([Buffer.from('{"content":"a'), Buffer.from([byte]), Buffer.from('"}')])

type Case = [
  what: string,
  method: string,
  path: string,
  init: { body?: unknown; headers?: Record<string, string> },
  status: number,
  code: string,
  pointer?: string,
]
const cases: Case[] = [
  ['JSON that breaks off', 'POST', messages, { body: '{"content":', headers: json }, 400, 'malformed-json'],
  ['a body that is no JSON', 'POST', messages, { body: 'content=hello', headers: json }, 400, 'malformed-json'],
  [
    'S98: bytes that are no text',
    'POST',
    messages,
    { body: new Uint8Array([0xff, 0xfe, 0x00]), headers: json },
    400,
    'malformed-json',
  ],
  ['no body', 'POST', messages, {}, 400, 'invalid-request', ''],
  ['an empty body', 'POST', messages, { body: '', headers: json }, 400, 'invalid-request', ''],
  ['null as the body', 'POST', messages, { body: 'null', headers: json }, 400, 'invalid-request', ''],
  ['a list as the body', 'POST', messages, { body: '[]', headers: json }, 400, 'invalid-request', ''],
  ['text as the body', 'POST', messages, { body: '"hello"', headers: json }, 400, 'invalid-request', ''],
  ['another type', 'POST', messages, { body: { content: 1 } }, 400, 'invalid-request', '/content'],
  [
    'S93: an object in place of text',
    'POST',
    '/auth/login',
    { body: { email: { $gt: '' }, password: PASSWORD } },
    400,
    'invalid-request',
    '/email',
  ],
  [
    'S93: a list in place of text',
    'POST',
    '/auth/login',
    { body: { email: ['a'], password: PASSWORD } },
    400,
    'invalid-request',
    '/email',
  ],
  [
    'a field that is missing',
    'POST',
    messages,
    { body: { attachments: [{ type: 'IMAGE' }] } },
    400,
    'invalid-request',
    '/attachments/0/url',
  ],
  [
    'a field that is not known',
    'POST',
    messages,
    { body: { content: 'a', status: 'SENT' } },
    400,
    'invalid-request',
    '/status',
  ],
  [
    'S94: a prototype',
    'POST',
    messages,
    { body: '{"content":"a","__proto__":{"admin":true}}', headers: json },
    400,
    'invalid-request',
    '/__proto__',
  ],
  [
    'a word that is not in the list',
    'POST',
    messages,
    { body: { content: 'a', direction: 'SIDEWAYS' } },
    400,
    'invalid-request',
    '/direction',
  ],
  ['S96: a NUL character', 'POST', messages, { body: { content: 'a\u0000b' } }, 400, 'invalid-request', '/content'],
  [
    'S97: half of a surrogate pair',
    'POST',
    messages,
    { body: '{"content":"\\ud800"}', headers: json },
    400,
    'invalid-request',
    '/content',
  ],
  [
    'S96: a NUL character in settings',
    'POST',
    `/orgs/${orgId}/channels`,
    { body: { type: 'API', name: 'a', config: { deep: ['\u0000'] } } },
    400,
    'invalid-request',
    '/config/deep/0',
  ],
  [
    'S99: JSON nested 100 deep',
    'POST',
    `/orgs/${orgId}/channels`,
    { body: nested(100), headers: json },
    400,
    'invalid-request',
    '',
  ],
  [
    'S99: JSON nested 100,000 deep',
    'POST',
    messages,
    { body: '['.repeat(100_000) + ']'.repeat(100_000), headers: json },
    400,
    'invalid-request',
    '',
  ],
  [
    'S99: 10,000 keys',
    'POST',
    messages,
    { body: Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`k${at}`, 1])) },
    400,
    'invalid-request',
    '',
  ],
  [
    'S98: a byte in a text that is no text',
    'POST',
    messages,
    { body: withByte(0xff), headers: json },
    400,
    'malformed-json',
  ],
  ['S98: half of a character', 'POST', messages, { body: withByte(0xc3), headers: json }, 400, 'malformed-json'],
  [
    'S95: a key twice, of which the last one is not right',
    'POST',
    messages,
    { body: '{"content":"a","content":1}', headers: json },
    400,
    'invalid-request',
    '/content',
  ],
  [
    'S106: a body of more than 1 MB',
    'POST',
    messages,
    { body: { content: 'a'.repeat(1_100_000) } },
    413,
    'payload-too-large',
  ],
  [
    'a password of 1 MB',
    'POST',
    '/auth/login',
    { body: { email: 'a@example.com', password: 'x'.repeat(1_000_000) } },
    400,
    'invalid-request',
    '/password',
  ],
  [
    'a form',
    'POST',
    messages,
    { body: 'content=a', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    415,
    'unsupported-media-type',
  ],
  ['text without a type', 'POST', messages, { body: '{"content":"a"}' }, 415, 'unsupported-media-type'],
  [
    'JSON in another character set',
    'POST',
    messages,
    { body: '{"content":"a"}', headers: { 'content-type': 'application/json; charset=latin1' } },
    415,
    'unsupported-media-type',
  ],
  [
    'a compressed body',
    'POST',
    messages,
    { body: '{"content":"a"}', headers: { ...json, 'content-encoding': 'gzip' } },
    415,
    'unsupported-media-type',
  ],
  [
    'a query parameter that is not known',
    'GET',
    `/orgs/${orgId}/tickets?assignee=me`,
    {},
    400,
    'invalid-request',
    '/assignee',
  ],
  [
    'S94: a query parameter named like a prototype',
    'GET',
    `/orgs/${orgId}/tickets?__proto__=1`,
    {},
    400,
    'invalid-request',
  ],
  ['S100: a limit beyond the limit', 'GET', `/orgs/${orgId}/tickets?limit=101`, {}, 400, 'invalid-request', '/limit'],
  ['S100: a limit that is no number', 'GET', `/orgs/${orgId}/tickets?limit=many`, {}, 400, 'invalid-request', '/limit'],
  ['S95: two limits', 'GET', `/orgs/${orgId}/tickets?limit=1&limit=2`, {}, 400, 'invalid-request', '/limit'],
  ['a filter that is no id', 'GET', `/orgs/${orgId}/tickets?channelId=1`, {}, 400, 'invalid-request', '/channelId'],
  [
    'S96: a NUL character in a filter',
    'GET',
    `/orgs/${orgId}/customers?platform=%00`,
    {},
    400,
    'invalid-request',
    '/platform',
  ],
  ['a query parameter where there is none', 'GET', '/healthz?verbose=1', {}, 400, 'invalid-request', '/verbose'],
  [
    'S127: an Idempotency-Key that is too long',
    'POST',
    messages,
    { body: { content: 'a' }, headers: { 'idempotency-key': 'x'.repeat(10_000) } },
    400,
    'idempotency-key-invalid',
    '/idempotency-key',
  ],
  [
    'S127: an Idempotency-Key that is nothing in quotes',
    'POST',
    messages,
    { body: { content: 'a' }, headers: { 'idempotency-key': '""' } },
    400,
    'idempotency-key-invalid',
  ],
  [
    'a Last-Event-ID that is no number',
    'GET',
    `/orgs/${orgId}/events/stream`,
    { headers: { 'last-event-id': 'abc' } },
    400,
    'invalid-request',
    '/last-event-id',
  ],
  [
    'a rule that refuses',
    'POST',
    messages,
    { body: { content: 'a', direction: 'INBOUND' } },
    422,
    'direction-not-allowed',
  ],
  ['an id that is none', 'GET', `/orgs/${orgId}/tickets/1`, {}, 404, 'not-found'],
  ['an id with a NUL character', 'GET', `/orgs/${orgId}/tickets/%00`, {}, 404, 'not-found'],
  ['an id that cannot be decoded', 'GET', `/orgs/${orgId}/tickets/%zz`, {}, 404, 'not-found'],
  ['an id of 5,000 characters', 'GET', `/orgs/${orgId}/tickets/${'x'.repeat(5_000)}`, {}, 404, 'not-found'],
  ['an id that nobody has', 'GET', `/orgs/${orgId}/tickets/${randomUUID()}`, {}, 404, 'not-found'],
  ['an organization that is no id', 'GET', '/orgs/..%2f..%2fetc/tickets', {}, 404, 'not-found'],
  ['a path that is not there', 'GET', '/nowhere', {}, 404, 'not-found'],
  ['a path below one that is there', 'GET', '/auth/me/password', {}, 404, 'not-found'],
  ['a path in other case', 'GET', '/AUTH/me', {}, 404, 'not-found'],
  ['a method that is not there', 'DELETE', '/auth/me', {}, 405, 'method-not-allowed'],
]
for (const [what, method, path, init, status, code, pointer] of cases) {
  test(`${what}: ${status} ${code}`, async (t) => {
    const answer = await server.call(method, path, { ...init, token })
    t.is(answer.status, status, answer.text)
    t.is(answer.headers.get('content-type'), 'application/problem+json')
    t.like(answer.json, { status, code, type: `/problems/${code}`, requestId: answer.headers.get('x-request-id')! })
    // As an address: a `%` that begins nothing is one that is encoded.
    t.is(answer.json.instance, path.split('?')[0]!.replace('%zz', '%25zz'))
    if (pointer !== undefined) t.is(answer.json.errors[0].pointer, pointer)
  })
}

test('a refusal never repeats what was sent', async (t) => {
  const answer = await server.call('POST', '/auth/signup', {
    body: { ...person, email: 'planted-secret', token: 'planted-too' },
  })
  t.is(answer.status, 400)
  t.notRegex(answer.text, /planted/)
})

test('S28: every path answers a method that it does not take with 405 and the ones that it takes', async (t) => {
  const byPath = Map.groupBy(loadContract().operations, ({ template }) => template)
  for (const [template, operations] of byPath) {
    const path = template.replace('{code}', 'internal').replace(/\{\w+\}/g, randomUUID())
    const methods = operations.flatMap(({ method }) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]))
    for (const method of ['PUT', 'OPTIONS', 'DELETE', 'PATCH', 'POST'].filter((one) => !methods.includes(one))) {
      const answer = await server.call(method, path)
      t.is(answer.status, 405, `${method} ${path}`)
      t.deepEqual(answer.headers.get('allow')!.split(', ').toSorted(), methods.toSorted())
    }
  }
})

test('HEAD answers like GET, without the body', async (t) => {
  for (const path of ['/', '/healthz', `/orgs/${orgId}/tickets`, `/orgs/${orgId}/events/stream`]) {
    const answer = await server.call('HEAD', path, { token })
    t.is(answer.status, 200, path)
    t.is(answer.text, '')
  }
})

test('an upload that breaks off does not disturb anybody', async (t) => {
  const socket = connect(server.port, '127.0.0.1')
  socket.write(
    `POST ${messages} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"content"`,
  )
  await new Promise((resolve) => setTimeout(resolve, 50))
  socket.destroy()
  t.is((await server.call('GET', '/healthz')).status, 200)
})

const tooMuch: Readonly<Record<string, string>> = {
  '33 deep, which no operation describes': nested(33),
  '65 deep': nested(65),
  '5,000 deep': nested(5_000),
  '200,000 deep': '['.repeat(200_000),
  '10,000 keys': `{${Array.from({ length: 10_000 }, (_, at) => `"k${at}":1`).join(',')}}`,
  '100,000 elements': `{"attachments":[${'{},'.repeat(99_999)}{}]}`,
}

test.serial('S106: a body of 1 MB is read, and of one with a byte more nothing is', async (t) => {
  const bodyOf = (bytes: number) => `{"content":"a"}${' '.repeat(bytes - 15)}`
  const most = 1024 * 1024
  const send = (body: string) => server.call('POST', messages, { token, body, headers: json })
  t.is((await send(bodyOf(most))).status, 201)
  const before = server.calls.length
  t.like((await send(bodyOf(most + 1))).json, { status: 413, code: 'payload-too-large' })
  t.is(server.calls.length, before)
})

/** What a raw request is answered; the server's own limits close the connection. */
const raw = (request: string) =>
  new Promise<string>((resolve, reject) => {
    let received = ''
    const socket = connect(server.port, '127.0.0.1')
    socket.on('data', (bytes) => {
      received += bytes
    })
    socket.on('close', () => resolve(received)).on('error', (error) => received === '' && reject(error))
    socket.write(request)
  })

test.serial('S106: a header or an address beyond 16 KB is 431, before anything is looked at', async (t) => {
  const before = server.log.lines.length
  const many = Array.from({ length: 1_000 }, (_, at) => `X-${at}: ${'x'.repeat(10)}\r\n`).join('')
  for (const [what, request] of Object.entries({
    'one header': `GET /nowhere HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(17_000)}\r\n\r\n`,
    'many headers': `GET /nowhere HTTP/1.1\r\nHost: x\r\n${many}\r\n`,
    'a cookie': `GET /auth/me HTTP/1.1\r\nHost: x\r\nCookie: a=${'x'.repeat(17_000)}\r\n\r\n`,
    'an address': `GET /${'x'.repeat(17_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    'a query': `GET /problems?a=${'x'.repeat(17_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
  }))
    t.regex(await raw(request), /^HTTP\/1\.1 431 /, what)
  t.is(server.log.lines.length, before)
  t.is((await server.call('GET', '/healthz')).status, 200)
})

test.serial('S99: what is too deep or too much is refused before anything is made of it', async (t) => {
  const parsed: unknown[] = []
  const { parse } = JSON
  JSON.parse = (text: string, ...more: []) => {
    parsed.push(text)
    return parse(text, ...more)
  }
  t.teardown(() => {
    JSON.parse = parse
  })
  for (const [what, body] of Object.entries(tooMuch)) {
    const { status, text } = await server.call('POST', messages, { token, body, headers: json })
    t.is(status, 400, what)
    t.is(parsed.includes(body), what.startsWith('33'), what)
    t.true(text.length < 20_000)
  }
})

test('S95: of a key that stands there twice the last one counts, and a parameter stands once', async (t) => {
  const path = `/orgs/${orgId}/tickets/${ticket.id}`
  const body = '{"status":"RESOLVED","status":"PENDING"}'
  const { json: answer } = await server.call('PATCH', path, { token, body, headers: json })
  t.is(answer.status, 'PENDING')
  for (const query of ['limit=1&limit=2', 'cursor=a&cursor=b', `channelId=${orgId}&channelId=${orgId}`])
    t.is((await server.call('GET', `/orgs/${orgId}/tickets?${query}`, { token })).status, 400, query)
})

test('whatever JSON comes, every write answers by the contract and nothing is a bug', async (t) => {
  const writes = loadContract().operations.filter(({ method, raw }) => method !== 'get' && !raw)
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...writes),
      fc.jsonValue({ maxDepth: 4 }),
      async ({ method, template, operationId }, body) => {
        if (operationId === 'logOut') return
        const path = template.replace('{orgId}', orgId).replace(/\{\w+\}/g, ticket.id)
        const answer = await server.call(method.toUpperCase(), path, {
          body: JSON.stringify(body),
          headers: json,
          token,
        })
        if (answer.status >= 500) throw new Error(`${operationId}: ${answer.text}`)
      },
    ),
    { numRuns: 200 },
  )
  t.deepEqual(server.log.of('error'), [])
})

test('a bug is a 500 that tells nothing, and is logged once with its cause', async (t) => {
  const own = await startHttp()
  t.teardown(() => own.stop())
  const somebody = await own.signUp()
  own.state.failWith = new Error('planted bug', { cause: new Error('planted cause') })
  const answer = await own.call('PATCH', `/orgs/${somebody.orgId}/tickets/${randomUUID()}`, {
    token: somebody.token,
    body: { status: 'OPEN' },
  })
  t.is(answer.status, 500)
  t.is(answer.json.code, 'internal')
  t.notRegex(answer.text, /planted/)
  const bugs = own.log.lines.filter(({ level }) => level === 'error')
  t.is(bugs.length, 1)
  t.is(bugs[0]!.fields['requestId'], answer.json.requestId)
  t.regex(own.log.text, /planted cause/)
})

test('a database that is away is 503 with the time to come back', async (t) => {
  const own = await startHttp()
  t.teardown(() => own.stop())
  const somebody = await own.signUp()
  own.queries.away = true
  const lists = await own.call('GET', `/orgs/${somebody.orgId}/tickets`, { token: somebody.token })
  t.like(lists.json, { status: 503, code: 'unavailable', retryable: true, retryAfterSeconds: 5 })
  own.accounts.away = true
  t.is((await own.call('GET', '/auth/me', { token: somebody.token })).status, 503)
  t.is(
    (await own.call('GET', `/orgs/${somebody.orgId}/channels`, { token: somebody.token })).headers.get('retry-after'),
    '5',
  )
})

test('an answer that breaks the contract is noticed', async (t) => {
  const own = await startHttp()
  t.teardown(() => own.stop())
  const somebody = await own.signUp()
  const broken = aTicketView(somebody.orgId, { number: 0 })
  own.queries.tickets_.push(broken)
  const answer = await own.call('GET', `/orgs/${somebody.orgId}/tickets/${broken.id}`, { token: somebody.token })
  t.is(answer.status, 500)
  t.regex(own.log.text, /getTicket answers 200 against the contract: \/number/)
})

test('a request id of the caller is kept if it is usable, and every answer has one', async (t) => {
  const kept = await server.call('GET', '/healthz', { headers: { 'x-request-id': 'my-request_42' } })
  t.is(kept.headers.get('x-request-id'), 'my-request_42')
  for (const id of ['short', 'x'.repeat(65), 'with space', 'semi;colon']) {
    const answer = await server.call('GET', '/nowhere', { headers: { 'x-request-id': id } })
    t.not(answer.headers.get('x-request-id'), id)
    t.regex(answer.json.requestId, /^[\w-]{8,64}$/)
  }
})

test('a path with characters that no address has is answered like any other', async (t) => {
  const text = await new Promise<string>((resolve, reject) => {
    let received = ''
    const socket = connect(server.port, '127.0.0.1')
    socket.on('data', (bytes) => {
      received += bytes
    })
    socket.on('end', () => resolve(received)).on('error', reject)
    socket.write('GET /problems/a"<b>|^ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  })
  t.regex(text, /^HTTP\/1\.1 404 /)
  t.regex(text, /"instance":"\/problems\/a%22%3Cb%3E%7C%5E"/)
})

test('where no body is declared, what is sent is not looked at', async (t) => {
  const path = `/orgs/${orgId}/tickets/${ticket.id}/seen`
  const { status } = await server.call('PUT', path, { token })
  for (const body of ['{', '\0', JSON.stringify('x'.repeat(2_000_000)), '{"unknown":1}'])
    t.is((await server.call('PUT', path, { token, body, headers: json })).status, status)
})
