import test from 'ava'
import fc from 'fast-check'
import { parse } from 'yaml'
import { valueDepthExceeds } from '../../../src/adapters/http/contract/json-bounds.ts'
import { jsonExcess, loadContract, maxJsonDepth, needsSession } from '../../../src/adapters/http/contract.ts'
import { toProblem } from '../../../src/adapters/http/problem.ts'

const contract = loadContract()
const signUp = contract.operation('signUp')
const listTickets = contract.operation('listTickets')
const sendMessage = contract.operation('sendMessage')
const inOrg = { orgId: '019a9f0e-7c1b-7d3a-9a55-0c6e2f1b4d10' }
const inTicket = { ...inOrg, ticketId: '019a9f0e-7c1b-7d3a-9a55-0c6e2f1b4d15' }
const guideSignUp = {
  orgName: 'Instagram Demo Company',
  name: 'Admin User',
  email: 'admin@instagramdemo.com',
  password: 'password123',
}

test('an operation tells its route in the form of Express 5', (t) => {
  const { method, path, raw, security } = sendMessage
  t.deepEqual(
    { method, path, raw, security },
    {
      method: 'post',
      path: '/orgs/:orgId/tickets/:ticketId/messages',
      raw: false,
      security: ['bearer', 'cookie', 'apiKey'],
    },
  )
})

test('the document is read as YAML 1.2 means it', (t) => {
  t.deepEqual(contract.document, parse(contract.source))
})

// A start does not wait for it: a schema that cannot be compiled would be found out by the first who calls.
test('what each operation takes can be compiled', (t) => {
  for (const { operationId, validateRequest } of contract.operations)
    t.notThrows(() => validateRequest({}), operationId)
})

test('public operations, sessions and webhooks can be told apart', (t) => {
  t.false(needsSession(signUp))
  t.true(needsSession(listTickets))
  t.false(needsSession(contract.operation('receiveWebhook')))
  t.deepEqual(
    contract.operations.filter((operation) => operation.raw).map((operation) => operation.operationId),
    [
      'receiveDeauthorization',
      'receiveDataDeletion',
      'verifyAppWebhook',
      'receiveAppWebhook',
      'verifyWebhook',
      'receiveWebhook',
    ],
  )
})

test('an operation that the contract does not have cannot be asked for', (t) => {
  t.throws(() => contract.operation('dropEverything'), { message: /dropEverything/ })
})

test('a valid body is handed on as it came', (t) => {
  t.deepEqual(signUp.validateRequest({ body: guideSignUp }), {
    ok: true,
    params: {},
    query: {},
    headers: {},
    body: guideSignUp,
  })
})

test('everything wrong with a body is named at once, each place by its pointer', (t) => {
  const outcome = signUp.validateRequest({ body: { orgName: '  ', email: 'nobody', password: 'short', admin: true } })
  t.false(outcome.ok)
  if (outcome.ok) return
  t.is(outcome.problem, 'invalid-request')
  t.deepEqual(
    outcome.errors.map((error) => `${error.in} ${error.pointer} ${error.code}`).toSorted(),
    [
      'body /orgName pattern',
      'body /name required',
      'body /email format',
      'body /password too-short',
      'body /admin unknown',
    ].toSorted(),
  )
})

test('names in a pointer are escaped', (t) => {
  const outcome = signUp.validateRequest({ body: { ...guideSignUp, 'a/b~c': 1 } })
  t.deepEqual(outcome.ok || outcome.errors.map((error) => error.pointer), ['/a~1b~0c'])
})

test('a refusal never repeats the value that was sent', (t) => {
  const outcome = signUp.validateRequest({ body: { ...guideSignUp, email: 'planted-secret', password: 'hunter2' } })
  t.false(outcome.ok)
  t.notRegex(JSON.stringify(outcome), /planted-secret|hunter2/)
})

test('a body is not coerced: a number in quotes stays text', (t) => {
  const outcome = contract.operation('updateNotification').validateRequest({
    params: { ...inOrg, notificationId: 'x' },
    body: { read: 'true' },
  })
  t.deepEqual(outcome.ok || outcome.errors, [
    { in: 'body', pointer: '/read', code: 'type', detail: 'must be a boolean' },
  ])
})

test('a required body that is missing is named as such', (t) => {
  t.deepEqual(signUp.validateRequest({ headers: {} }), {
    ok: false,
    problem: 'invalid-request',
    errors: [{ in: 'body', pointer: '', code: 'required', detail: 'a JSON body is required' }],
  })
})

test('a body that was not read because it is declared as something else is a wrong media type', (t) => {
  const outcome = signUp.validateRequest({ headers: { 'content-type': 'application/x-www-form-urlencoded' } })
  t.is(outcome.ok || outcome.problem, 'unsupported-media-type')
})

test('query parameters get the types of the contract, and defaults where they are missing', (t) => {
  const outcome = listTickets.validateRequest({ params: inOrg, query: { limit: '7', platform: 'API' } })
  t.deepEqual(outcome.ok && outcome.query, { limit: 7, platform: 'API' })
  const defaults = contract.operation('listMessages').validateRequest({ params: inTicket })
  t.deepEqual(defaults.ok && defaults.query, { limit: 25, order: 'asc' })
  const unread = contract.operation('listNotifications').validateRequest({ params: inOrg, query: { unread: 'true' } })
  t.deepEqual(unread.ok && unread.query, { limit: 25, unread: true })
})

test('a filter that takes several values gets them parted by commas, or repeated', (t) => {
  for (const status of ['OPEN,PENDING', ['OPEN', 'PENDING']]) {
    const outcome = listTickets.validateRequest({ params: inOrg, query: { status, kind: 'DM' } })
    t.deepEqual(outcome.ok && outcome.query, { limit: 25, status: ['OPEN', 'PENDING'], kind: ['DM'] })
  }
})

test('what was passed in is left alone', (t) => {
  const query = { limit: '7' }
  listTickets.validateRequest({ params: inOrg, query })
  t.deepEqual(query, { limit: '7' })
})

for (const [title, query, pointer] of [
  ['an unknown query parameter', { expand: 'customer' }, '/expand'],
  ['a limit above 100', { limit: '101' }, '/limit'],
  ['a limit of 0', { limit: '0' }, '/limit'],
  ['a limit that is no number', { limit: 'many' }, '/limit'],
  ['an empty limit', { limit: '' }, '/limit'],
  ['a filter by something that is no id', { channelId: '1' }, '/channelId'],
  ['a state that does not exist', { status: 'open' }, '/status/0'],
  ['one state of several that does not exist', { status: 'OPEN,' }, '/status/1'],
  ['a parameter that is given twice', { platform: ['API', 'INSTAGRAM'] }, '/platform'],
  ['a NUL character in a cursor', { cursor: 'a\u0000' }, '/cursor'],
] as const) {
  test(`${title} is refused by its pointer`, (t) => {
    const outcome = listTickets.validateRequest({ params: inOrg, query })
    t.false(outcome.ok)
    t.is(outcome.ok || outcome.problem, 'invalid-request')
    t.deepEqual(outcome.ok || outcome.errors.map((error) => [error.in, error.pointer]), [['query', pointer]])
  })
}

test('a malformed id in a path passes, since the handler answers 404 to what it does not find', (t) => {
  t.true(listTickets.validateRequest({ params: { orgId: 'not-a-uuid' } }).ok)
})

test('an id that is too long to be one is 404 as well, not 400', (t) => {
  const outcome = listTickets.validateRequest({ params: { orgId: 'x'.repeat(65) } })
  t.is(outcome.ok || outcome.problem, 'not-found')
})

test('headers that the contract does not name are nobody’s business', (t) => {
  const headers = { 'user-agent': 'curl', accept: '*/*', 'idempotency-key': '"reply-1"' }
  const outcome = sendMessage.validateRequest({ params: inTicket, headers, body: { content: 'Hello' } })
  t.deepEqual(outcome.ok && outcome.headers, headers)
})

for (const key of ['', 'x'.repeat(256), 'ключ', 'tab\there', 'bell\u0007', 'line\nbreak', '\u007f']) {
  test(`S127: the Idempotency-Key ${JSON.stringify(key.slice(0, 12))} has a code of its own`, (t) => {
    const headers = { 'idempotency-key': key }
    const outcome = sendMessage.validateRequest({ params: inTicket, headers, body: { content: 'Hello' } })
    t.is(outcome.ok || outcome.problem, 'idempotency-key-invalid')
  })
}

test('a bad Idempotency-Key beside other faults is one fault among them', (t) => {
  const headers = { 'idempotency-key': '' }
  const outcome = sendMessage.validateRequest({ params: inTicket, headers, body: { content: 1 } })
  t.is(outcome.ok || outcome.problem, 'invalid-request')
  t.is(outcome.ok || outcome.errors.length, 2)
})

test('an attachment that lacks a half is told that half, and nothing of the other way to give one', (t) => {
  const errorsOf = (attachment: object) => {
    const outcome = sendMessage.validateRequest({ params: inTicket, body: { attachments: [attachment] } })
    return outcome.ok ? [] : outcome.errors.map(({ pointer, code }) => `${pointer} ${code}`)
  }
  t.deepEqual(errorsOf({ url: 'https://files.example/a.jpg' }), ['/attachments/0/type required'])
  t.deepEqual(errorsOf({ type: 'IMAGE' }), ['/attachments/0/url required'])
  t.deepEqual(errorsOf({ type: 'IMAGE', url: 'nowhere' }), ['/attachments/0/url format'])
  t.true(errorsOf({}).includes('/attachments/0/attachmentId required'))
  t.deepEqual(errorsOf({ attachmentId: crypto.randomUUID(), type: 'IMAGE', url: 'https://files.example/a.jpg' }), [
    '/attachments/0 invalid',
  ])
})

test('an empty text passes the contract, since refusing it is a rule of its own', (t) => {
  t.true(sendMessage.validateRequest({ params: inTicket, body: { content: '' } }).ok)
  t.true(sendMessage.validateRequest({ params: inTicket, body: { content: 'x', direction: 'INBOUND' } }).ok)
})

test('text that the database cannot keep is refused wherever it stands, also in open settings', (t) => {
  const outcome = contract.operation('createChannel').validateRequest({
    params: inOrg,
    body: {
      type: 'API',
      name: 'Form',
      config: { secret: 'a\u0000b', list: ['\ud800'], 'bad\u0000name': 1, fine: '😀' },
    },
  })
  t.deepEqual(outcome.ok || outcome.errors.map((error) => `${error.pointer} ${error.code}`).toSorted(), [
    '/config text',
    '/config/list/0 text',
    '/config/secret text',
  ])
})

test('settings of a channel are open here: the adapter checks them', (t) => {
  const body = { type: 'PIGEON', name: 'Loft', config: { ring: 7, nested: { any: [null] } } }
  t.true(contract.operation('createChannel').validateRequest({ params: inOrg, body }).ok)
})

test('JSON may be nested up to the limit and no further', (t) => {
  const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels))
  const create = (config: unknown) =>
    contract.operation('createChannel').validateRequest({
      params: inOrg,
      body: { type: 'API', name: 'Form', config: { config } },
    })
  t.true(create(nested(maxJsonDepth - 2)).ok)
  const outcome = create(nested(maxJsonDepth - 1))
  t.deepEqual(outcome.ok || outcome.errors.map((error) => error.code), ['too-deep'])
  t.false(create(nested(5_000)).ok)
})

const excess = (text: string, maxDepth: number, maxValues = 1_000_000) =>
  jsonExcess(Buffer.from(text), maxDepth, maxValues)

test('S99: the depth and number of values of JSON text are found without parsing it', (t) => {
  t.is(excess('[[1]]', 2), null)
  t.is(excess('[[[1]]]', 2), 'too-deep')
  t.is(excess('["[[[", "\\"[[[", {"}": "{{{"}]', 2), null)
  t.is(excess('{"ä[[": {"b": {}}}', 2), 'too-deep')
  t.is(excess('['.repeat(1_000_000), 64), 'too-deep')
  t.is(excess('no JSON at all }}}', 64), null)
  t.is(excess('[1,",,,",{"a":1,"b":2}]', 64, 5), null)
  t.is(excess('[1,",,,",{"a":1,"b":2}]', 64, 4), 'too-many')
})

test('S99: what follows the first excess is not looked at', (t) => {
  const read: number[] = []
  const text = new Proxy(Buffer.from(`${'['.repeat(65)}${' '.repeat(100_000)}`), {
    get(bytes, key) {
      if (typeof key === 'string' && /^\d+$/.test(key)) read.push(Number(key))
      return Reflect.get(bytes, key, bytes)
    },
  })
  t.is(jsonExcess(text), 'too-deep')
  t.is(Math.max(...read), 64)
})

test('S99: the depth of text and of the value parsed from it are the same', (t) => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), fc.integer({ min: 0, max: 6 }), (value, max) => {
      const isDeeper = excess(JSON.stringify(value), max) === 'too-deep'
      return isDeeper === valueDepthExceeds(value, max)
    }),
  )
  t.pass()
})

test('a flood of faults is answered with a handful of them', (t) => {
  const body = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`field${index}`, index]))
  const outcome = signUp.validateRequest({ body })
  t.is(outcome.ok || outcome.errors.length, 50)
})

test('no JSON makes a validator throw, whatever the operation', (t) => {
  const anyRecord = fc.dictionary(
    fc.string({ unit: 'binary' }),
    fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.string())),
  )
  const anyBody = fc.oneof(
    fc.jsonValue(),
    fc.constant(undefined),
    fc.record({ content: fc.jsonValue(), type: fc.jsonValue(), config: fc.jsonValue(), email: fc.jsonValue() }),
  )
  fc.assert(
    fc.property(
      fc.constantFrom(...contract.operations),
      anyRecord,
      anyRecord,
      anyRecord,
      anyBody,
      (operation, params, query, headers, body) => {
        const outcome = operation.validateRequest({ params, query, headers, body })
        return outcome.ok || outcome.errors.every((error) => /^(\/|$)/.test(error.pointer))
      },
    ),
    { numRuns: 1_000 },
  )
  t.pass()
})

test('a webhook may be anything', (t) => {
  const input = { params: { channelId: 'x' }, query: { any: 'thing' }, headers: {}, body: Buffer.from('\u0000') }
  t.deepEqual(contract.operation('receiveWebhook').validateRequest(input), { ok: true, ...input })
})

const notFound = toProblem('not-found', { instance: '/orgs/1/tickets', requestId: 'r-12345678' })
const emptyList = { data: [], page: { nextCursor: null, hasMore: false } }

test('an answer that follows the contract has nothing wrong with it', (t) => {
  t.deepEqual(listTickets.validateResponse(200, 'application/json; charset=utf-8', emptyList), [])
  t.deepEqual(listTickets.validateResponse(404, 'application/problem+json', notFound), [])
  t.deepEqual(contract.operation('logOut').validateResponse(204, null, undefined), [])
  t.deepEqual(contract.operation('verifyWebhook').validateResponse(200, 'text/plain; charset=utf-8', 'challenge'), [])
})

for (const [title, status, type, body] of [
  ['a status that is not declared', 418, 'application/json', emptyList],
  ['a content type that is not declared', 200, 'text/html', '<html>'],
  ['an answer without a content type', 200, null, emptyList],
  ['a field that is missing', 200, 'application/json', { data: [] }],
  ['a field that is not described', 200, 'application/json', { ...emptyList, total: 3 }],
  [
    'a field that is not described, inside',
    200,
    'application/json',
    { ...emptyList, page: { ...emptyList.page, n: 1 } },
  ],
  ['a problem with the status of another', 401, 'application/problem+json', notFound],
  [
    'a problem that the operation does not declare',
    404,
    'application/problem+json',
    { ...notFound, code: 'email-taken' },
  ],
] as const) {
  test(`${title} is noticed in an answer`, (t) => {
    const errors = listTickets.validateResponse(status, type, body)
    t.true(errors.length > 0)
    t.true(errors.every((error) => error.in === 'response'))
  })
}

test('a problem may carry members of its own', (t) => {
  const extra = { maxBytes: 1000, bytes: 1204 }
  const body = toProblem('content-too-long', { instance: '/', requestId: 'r-12345678', extra })
  t.deepEqual(sendMessage.validateResponse(422, 'application/problem+json', body), [])
})
