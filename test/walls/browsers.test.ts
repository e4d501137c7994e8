import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { Registry } from 'prom-client'
import { loadContract } from '../../src/adapters/http/contract.ts'
import { createOperatorApp, createStartingApp } from '../../src/adapters/http/index.ts'
import { operations as handlers } from '../../src/adapters/http/operations/index.ts'
import { PASSWORD, PUBLIC_URL, startHttp } from '../adapters/http/support/http-server.ts'
import { bodies, organizationWithEverything, pathOf } from '../adapters/http/support/organization-with-everything.ts'
import { signedRequest } from './webhook-shop.ts'

const { operations } = loadContract()
const server = await startHttp()
const mine = await organizationWithEverything(server)
const channelId = mine.ids.channelId
server.webhookSecrets.set(channelId, 'planted-app-secret')
test.after.always(() => server.stop())

const posts = operations.filter(({ method, raw }) => method !== 'get' && !raw)
/** What reads no session and makes none: no other site gains by a browser's cookie there. */
const WITHOUT_SESSION = ['requestPasswordReset', 'confirmPasswordReset', 'showInvitation']
const writes = posts.filter(({ operationId }) => !WITHOUT_SESSION.includes(operationId))
const bodyFor = (operationId: string) => bodies[operationId] ?? {}

/** What another site's page makes a browser send along. */
const FOREIGN: Readonly<Record<string, Record<string, string>>> = {
  'another site': { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
  'another site that hides its origin': { 'sec-fetch-site': 'cross-site', origin: 'null' },
  'a neighbour': { 'sec-fetch-site': 'same-site', origin: 'https://other.example.com' },
  'an older browser': { origin: 'https://evil.example' },
  'an older browser in a sandboxed frame': { origin: 'null' },
  'our name over plain HTTP': { origin: PUBLIC_URL.replace('https:', 'http:') },
  'our name as the beginning of another': { origin: `${PUBLIC_URL}.evil.example` },
  'our name as the end of another': { origin: PUBLIC_URL.replace('https://', 'https://evil-') },
  'our name with a port': { origin: `${PUBLIC_URL}:8443` },
  'our name as a user': { origin: `${PUBLIC_URL}@evil.example` },
  'our name in capitals': { origin: PUBLIC_URL.toUpperCase() },
}

test.serial(
  'S77: a write with the cookie from another site, whichever it is, is refused before anything is done',
  async (t) => {
    t.true(writes.length > 25)
    const before = server.calls.length
    const sessions = server.sessions.rows.size
    for (const { operationId, method, template } of writes) {
      for (const [who, headers] of Object.entries(FOREIGN)) {
        const answer = await server.call(method.toUpperCase(), pathOf(template, mine.ids), {
          headers: { ...headers, cookie: mine.cookie },
          body: bodyFor(operationId),
        })
        t.is(answer.status, 403, `${operationId} from ${who}: ${answer.text}`)
        t.is(answer.json.code, 'csrf-rejected')
        t.is(answer.headers.get('set-cookie'), null)
      }
    }
    t.is(server.calls.length, before)
    t.is(server.sessions.rows.size, sessions)
  },
)

test.serial('S77: every write but these reads a session or makes one', (t) => {
  const isPublic = (operationId: string) => Reflect.get(handlers, operationId).access === 'public'
  t.deepEqual(posts.map(({ operationId }) => operationId).filter(isPublic), WITHOUT_SESSION)
})

test.serial('S76: what a form or a text of another site can hold is taken by no operation', async (t) => {
  const types = [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    '',
    'text/plain;application/json',
  ]
  const before = server.calls.length
  const json = writes.filter(({ body }) => body === 'json')
  t.true(json.length > 10)
  for (const { operationId, method, template } of json) {
    const given = JSON.stringify(bodyFor(operationId))
    for (const type of types) {
      // Also where a browser tells nothing of where it comes from.
      for (const headers of [{}, FOREIGN['another site']]) {
        const answer = await server.call(method.toUpperCase(), pathOf(template, mine.ids), {
          body: given,
          headers: { ...headers, cookie: mine.cookie, 'content-type': type },
        })
        t.true([403, 415, 400].includes(answer.status), `${operationId} as ${type}: ${answer.status} ${answer.text}`)
        if (answer.status === 400) t.is(type, '', 'only where nothing says what it is')
      }
    }
  }
  t.is(server.calls.length, before)
})

test.serial('S80: another site signs nobody in, up or out', async (t) => {
  const sessions = server.sessions.rows.size
  for (const [path, body] of Object.entries({
    '/auth/login': { email: mine.email, password: PASSWORD },
    '/auth/signup': { orgName: 'A', name: 'B', email: 'evil@example.com', password: PASSWORD },
    '/auth/logout': {},
  })) {
    for (const [who, headers] of Object.entries(FOREIGN)) {
      for (const cookie of [{}, { cookie: mine.cookie }]) {
        const answer = await server.call('POST', path, { body, headers: { ...headers, ...cookie } })
        t.is(answer.status, 403, `${path} from ${who}`)
        t.is(answer.headers.get('set-cookie'), null)
      }
    }
  }
  t.is(server.sessions.rows.size, sessions)
})

test.serial('S81: another site opens no event stream with the cookie, and our own page does', async (t) => {
  const path = `/orgs/${mine.orgId}/events/stream`
  for (const [who, headers] of Object.entries(FOREIGN)) {
    for (const method of ['GET', 'HEAD']) {
      const answer = await server.call(method, path, { headers: { ...headers, cookie: mine.cookie } })
      t.is(answer.status, 403, `${method} from ${who}`)
      if (method === 'GET') t.is(answer.json.code, 'csrf-rejected')
    }
    t.is((await server.call('HEAD', path, { headers, token: mine.token })).status, 200, 'no site can send a token')
  }
  t.regex(await server.deps.metrics.metrics(), /sse_connections 0/)
  for (const headers of [{}, { origin: PUBLIC_URL }, { 'sec-fetch-site': 'same-origin' }, { 'sec-fetch-site': 'none' }])
    t.is((await server.call('HEAD', path, { headers: { ...headers, cookie: mine.cookie } })).status, 200)
})

test.serial('S79: no origin is allowed anything, whatever it looks like and whatever it asks', async (t) => {
  const origins = [...Object.values(FOREIGN).map(({ origin }) => origin!), PUBLIC_URL, '*', 'file://', '']
  const allowed = (headers: Headers) => [...headers.keys()].filter((name) => name.startsWith('access-control-'))
  for (const { method, template, operationId } of operations.filter(
    ({ operationId }) => operationId !== 'streamEvents',
  )) {
    const path = pathOf(template, mine.ids)
    for (const origin of origins) {
      const preflight = {
        ...{ origin, 'access-control-request-method': method.toUpperCase() },
        'access-control-request-headers': 'authorization, content-type',
      }
      const asked = await server.call('OPTIONS', path, { headers: preflight })
      t.is(asked.status, 405, operationId)
      t.deepEqual(allowed(asked.headers), [], `${operationId} asked by ${origin}`)
    }
    const headers = { origin: 'https://evil.example', cookie: mine.cookie }
    if (method === 'get') t.deepEqual(allowed((await server.call('GET', path, { headers })).headers), [], operationId)
  }
})

const PROTECTION: Readonly<Record<string, RegExp>> = {
  'x-content-type-options': /^nosniff$/,
  'content-security-policy': /^default-src 'none';.*frame-ancestors 'none'/,
  'x-frame-options': /^DENY$/,
  'referrer-policy': /^no-referrer$/,
  'strict-transport-security': /^max-age=31536000; includeSubDomains$/,
}
/** What lacks on an answer, or is too much. */
const faultsOf = (headers: Headers, isHttps = true): readonly string[] => [
  ...Object.entries(PROTECTION).flatMap(([name, expected]) => {
    if (name === 'strict-transport-security' && !isHttps) return headers.has(name) ? [`${name} over plain HTTP`] : []
    return expected.test(headers.get(name) ?? '') ? [] : [`${name}: ${headers.get(name)}`]
  }),
  ...(headers.has('x-powered-by') || headers.has('server') ? ['tells what it runs on'] : []),
]

test.serial('S82: every answer has the headers that protect browsers, also a refusal and an error', async (t) => {
  const asked: [method: string, path: string, init?: Parameters<typeof server.call>[2]][] = [
    ...operations
      .filter(({ operationId }) => operationId !== 'streamEvents' && operationId !== 'getMedia')
      .flatMap(({ method, template, operationId, raw }): typeof asked => {
        const path = pathOf(template, mine.ids)
        const body = method === 'get' || raw ? {} : { body: bodyFor(operationId) }
        const before = method === 'delete' || operationId === 'logOut' ? [] : [{ ...body, token: mine.token }]
        return [{}, { headers: FOREIGN['another site']! }, ...before].map((init) => [method.toUpperCase(), path, init])
      }),
    ['HEAD', `/orgs/${mine.orgId}/events/stream`, { token: mine.token }],
    ['GET', '/nowhere'],
    ['GET', '/media/no-such-link'],
    ['PATCH', '/auth/me'],
    ['GET', '/%zz'],
    ['POST', '/auth/login', { body: '{', headers: { 'content-type': 'application/json' } }],
    ['POST', '/auth/login', { body: `"${'x'.repeat(2_000_000)}"`, headers: { 'content-type': 'application/json' } }],
    ['GET', '/auth/me', { headers: { cookie: '__Host-sid=s%3Anothing' } }],
    ['PUT', '/webhook/instagram'],
    ['POST', '/webhook/'],
    ['POST', '/webhook/instagram/data-deletion', { body: 'signed_request=x' }],
    ['PUT', '/webhook/instagram/deauthorize'],
    ['GET', `/webhook/${channelId}?hub.mode=subscribe&hub.verify_token=verify-me&hub.challenge=1`],
    ['POST', `/webhook/${channelId}`, { body: 'x'.repeat(4_000_000) }],
    ['POST', `/webhook/${channelId}`, signedRequest('planted-app-secret', '{}')],
  ]
  const statuses = new Set<number>()
  for (const [method, path, init] of asked) {
    const { status, headers } = await server.call(method, path, init)
    statuses.add(status)
    t.deepEqual(faultsOf(headers), [], `${method} ${path}: ${status}`)
  }
  for (const status of [200, 201, 400, 401, 403, 404, 405, 413]) t.true(statuses.has(status), String(status))
  t.log(`${asked.length} answers of ${statuses.size} kinds`)
})

test.serial(
  'S82: so has a failure of ours, and what has nothing to do with other sites is not kept by browsers',
  async (t) => {
    const own = await startHttp({ config: { publicUrl: 'http://localhost:3001' } })
    t.teardown(() => own.stop())
    own.state.webhooks = 'broken'
    own.webhookSecrets.set(channelId, 'planted-app-secret')
    const failed = await own.call('POST', `/webhook/${channelId}`, signedRequest('planted-app-secret', '{}'))
    t.is(failed.status, 500)
    t.deepEqual(faultsOf(failed.headers, false), [])
    own.state.webhooks = 'away'
    const away = await own.call('POST', `/webhook/${channelId}`, signedRequest('planted-app-secret', '{}'))
    t.is(away.status, 503)
    t.deepEqual(faultsOf(away.headers, false), [])
    t.deepEqual(faultsOf((await own.call('GET', '/')).headers, false), [])
    const { token } = await own.signUp()
    t.regex((await own.call('GET', '/auth/me', { token })).headers.get('cache-control')!, /no-store/)
  },
)

test.serial('S82: so have a process that starts, and a worker that shows its figures', async (t) => {
  const clock = { monotonicMs: () => 0 }
  const own = { clock, metricsToken: null, publicUrl: PUBLIC_URL }
  const starting = await listening(t, createStartingApp({ ...own, waitsFor: () => null }))
  const health = { ready: async () => [] }
  const worker = await listening(t, createOperatorApp({ ...own, health, metrics: new Registry() }).app)
  for (const url of [starting, worker]) {
    for (const path of ['/', '/healthz', '/readyz', '/metrics', '/webhook/instagram', '/nowhere']) {
      for (const method of ['GET', 'POST'])
        t.deepEqual(faultsOf((await fetch(url + path, { method })).headers), [], `${method} ${path}`)
    }
  }
})

test.serial(
  'no answer of any operation may be kept by a browser or by what stands between, nor may a refusal',
  async (t) => {
    const kept: string[] = []
    for (const { method, template, operationId, raw } of operations) {
      // What platforms get is read by no browser; the files of links and the stream have tests of their own.
      if (raw || operationId === 'streamEvents') continue
      const body = method === 'get' ? {} : { body: bodyFor(operationId) }
      for (const asked of operationId === 'logOut' ? [{}] : [{}, { token: mine.token }]) {
        const { headers } = await server.call(method.toUpperCase(), pathOf(template, mine.ids), { ...body, ...asked })
        if (!/\bno-store\b/.test(headers.get('cache-control') ?? ''))
          kept.push(`${operationId}: ${headers.get('cache-control')}`)
      }
    }
    for (const path of ['/nowhere', '/%zz']) {
      const { headers } = await server.call('GET', path)
      if (!/\bno-store\b/.test(headers.get('cache-control') ?? '')) kept.push(path)
    }
    t.deepEqual(kept, [])
  },
)

async function listening(t: ExecutionContext, app: RequestListener): Promise<string> {
  const own = createServer(app).listen(0, '127.0.0.1')
  await once(own, 'listening')
  t.teardown(() => own.close())
  return `http://127.0.0.1:${(own.address() as AddressInfo).port}`
}
