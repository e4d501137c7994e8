import test from 'ava'
import { parse } from 'yaml'
import { problemTypes } from '../../../src/adapters/http/problem.ts'
import { METRICS_TOKEN, PUBLIC_URL, startHttp } from './support/http-server.ts'

const server = await startHttp()
const browser = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' }
const tunnelled = { 'x-forwarded-for': '127.0.0.1' }
test.after.always(() => server.stop())

test('the root tells name, version and where to go, as a page for a browser', async (t) => {
  const { json } = await server.call('GET', '/')
  t.is(json.name, 'DelightChat backend')
  t.regex(json.version, /^\d+\.\d+\.\d+$/)
  for (const link of Object.values(json.links as Record<string, string>).filter((path) => !path.endsWith('.json'))) {
    t.true((await server.call('GET', link)).status < 400, link)
  }
  const page = await server.call('GET', '/', { headers: browser })
  t.is(page.headers.get('content-type'), 'text/html; charset=utf-8')
  t.true(
    page.text.includes('DelightChat backend') && page.text.includes(json.version) && page.text.includes('href="/docs"'),
  )
  t.notRegex(page.text, /<script|https?:\/\//, 'no script, and nothing from elsewhere')
})

test('the contract is served with the address of this server', async (t) => {
  const yaml = await server.call('GET', '/openapi.yaml')
  const json = await server.call('GET', '/openapi.json')
  t.is(yaml.headers.get('content-type'), 'application/yaml; charset=utf-8')
  t.deepEqual(parse(yaml.text), json.json)
  t.deepEqual(json.json.servers, [{ url: PUBLIC_URL, description: 'This server.' }])
})

test('the documentation is served from here and runs under its own policy', async (t) => {
  const page = await server.call('GET', '/docs/')
  t.is(page.status, 200)
  const sources = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source!)
  t.true(sources.length > 3)
  for (const source of sources) t.is((await server.call('GET', `/docs/${source}`)).status, 200, source)
  t.notRegex(page.text, /<script(?![^>]*src=)[^>]*>\s*\S/, 'no inline script')
  const script = await server.call('GET', '/docs/swagger-ui-init.js')
  t.true(script.text.includes('"/openapi.json"'))
  t.is((await server.call('GET', '/docs')).headers.get('location'), '/docs/')
  t.is((await server.call('GET', '/docs/package.json')).status, 404)
})

test('a page opens with whatever others append to its address', async (t) => {
  const plain = (text: string) => text.replace(/"requestId":"[^"]+"/, '')
  for (const path of ['/', '/problems', '/problems/not-found'])
    for (const headers of [browser, { accept: 'application/json' }]) {
      const more = await server.call('GET', `${path}?fbclid=IwAR0&utm_source=a&utm_source=b`, { headers })
      t.is(more.status, 200, path)
      t.is(plain(more.text), plain((await server.call('GET', path, { headers })).text))
    }
  t.is((await server.call('GET', '/healthz?fbclid=IwAR0')).status, 400, 'what programs ask for does not')
})

test('documentation can be left out', async (t) => {
  const own = await startHttp({ config: { exposeDocs: false } })
  t.teardown(() => own.stop())
  t.is((await own.call('GET', '/docs')).json.code, 'not-found')
  t.is((await own.call('GET', '/')).json.links.docs, undefined)
})

test('every error code is explained, to people and programs', async (t) => {
  const { json } = await server.call('GET', '/problems')
  t.deepEqual(
    json.data.map(({ code }: { code: string }) => code),
    Object.keys(problemTypes),
  )
  for (const { code, title, type } of json.data) {
    t.is((await server.call('GET', type)).json.code, code)
    const page = await server.call('GET', type, { headers: browser })
    t.is(page.headers.get('content-type'), 'text/html; charset=utf-8')
    t.true(page.text.includes(code) && page.text.includes(title.replace(/'/g, '&#39;')))
  }
  t.true((await server.call('GET', '/problems', { headers: browser })).text.includes('unsupported-media-type'))
  for (const code of ['nonsense', '__proto__', 'constructor', '<script>']) {
    t.is((await server.call('GET', `/problems/${encodeURIComponent(code)}`)).status, 404)
  }
})

test('S141: readiness and metrics are open to this machine and to the token, details to nobody else', async (t) => {
  const ready = (headers: Record<string, string>) => server.call('GET', '/readyz', { headers })
  t.deepEqual((await ready({})).json, { status: 'ok', checks: { database: { ok: true, detail: null } } })
  t.deepEqual((await ready(tunnelled)).json, { status: 'ok', checks: null })
  const bearer = { ...tunnelled, authorization: `Bearer ${METRICS_TOKEN}` }
  t.truthy((await ready(bearer)).json.checks)

  const metrics = (headers: Record<string, string>) => server.call('GET', '/metrics', { headers })
  t.regex((await metrics({})).text, /http_server_request_duration_seconds_bucket/)
  t.is((await metrics(bearer)).status, 200)
  t.is((await metrics(tunnelled)).json.code, 'unauthenticated')
  t.is((await metrics({ ...tunnelled, authorization: `Bearer ${METRICS_TOKEN}x` })).status, 401)
})

test('without a token metrics are for this machine alone', async (t) => {
  const own = await startHttp({
    deps: { secrets: { sessionSecrets: ['secret'], metricsToken: null, cursorKey: 'key' } },
  })
  t.teardown(() => own.stop())
  t.is((await own.call('GET', '/metrics', { headers: { ...tunnelled, authorization: 'Bearer null' } })).status, 401)
  t.is((await own.call('GET', '/metrics')).status, 200)
})

test('what is missing makes it unready, and so does ending; it stays alive', async (t) => {
  const own = await startHttp()
  t.teardown(() => own.stop())
  const later = () => {
    own.time.offsetMs += 1_000
  }
  t.is((await own.call('GET', '/readyz')).status, 200)
  own.checks.push({ name: 'queue', ok: false, detail: 'the broker does not answer' })
  later()
  const away = await own.call('GET', '/readyz')
  t.is(away.status, 503)
  t.like(away.json, { status: 'unavailable', checks: { queue: { ok: false, detail: 'the broker does not answer' } } })
  own.checks.pop()
  later()
  t.is((await own.call('GET', '/readyz')).status, 200)
  await own.app.close()
  t.is((await own.call('GET', '/readyz')).status, 503)
  t.is((await own.call('GET', '/healthz')).status, 200)
})

test('S143: in production there is nothing for tests: no path, and no header that steers or tells of the inside', async (t) => {
  const own = await startHttp({ config: { production: true } })
  t.teardown(() => own.stop())
  const paths = [
    '/failpoints',
    '/__failpoint',
    '/clock',
    '/debug',
    '/debug/pprof',
    '/simulator',
    '/faults',
    '/accounts',
    '/state',
  ]
  for (const path of paths)
    for (const method of ['GET', 'POST'])
      t.is((await own.call(method, path)).json.code, 'not-found', `${method} ${path}`)
  const asked = {
    'x-failpoint': 'webhook.read:kill',
    'x-debug': '1',
    'x-now': '2030-01-01T00:00:00Z',
    'x-http-method-override': 'DELETE',
  }
  const [plain, steered] = [await own.call('GET', '/healthz'), await own.call('GET', '/healthz', { headers: asked })]
  t.deepEqual([steered.status, steered.text], [plain.status, plain.text])
  const names = [...steered.headers.keys()]
  t.deepEqual(names, [...plain.headers.keys()])
  t.deepEqual(
    names.filter((name) => /powered|^server|debug|runtime|timing/.test(name)),
    [],
  )
})

test('figures name the route of the contract and never an id', async (t) => {
  const { orgId, token } = await server.signUp()
  await server.call('GET', `/orgs/${orgId}/tickets`, { token })
  await server.call('GET', `/made-up/${orgId}`)
  const { text } = await server.call('GET', '/metrics')
  t.regex(text, /method="GET",route="\/orgs\/\{orgId\}\/tickets",status_code="200"/)
  t.regex(text, /route="unknown",status_code="404"/)
  t.false(text.includes(orgId))
})

test('S82: every answer has the headers that protect browsers', async (t) => {
  for (const path of ['/', '/docs/', '/nowhere', '/auth/me', '/problems']) {
    const { headers } = await server.call('GET', path)
    t.is(headers.get('x-content-type-options'), 'nosniff', path)
    t.is(headers.get('x-frame-options'), 'DENY')
    t.is(headers.get('referrer-policy'), 'no-referrer')
    t.is(headers.get('x-powered-by'), null)
    t.is(headers.get('access-control-allow-origin'), null)
    t.regex(headers.get('content-security-policy')!, /default-src 'none';script-src 'self';.*frame-ancestors 'none'/)
    t.regex(headers.get('strict-transport-security')!, /max-age=31536000/)
    if (path !== '/docs/') t.regex(headers.get('cache-control')!, /no-store/)
  }
})

test('the page of the documentation keeps no token that was typed into it', async (t) => {
  const { text } = await server.call('GET', '/docs/swagger-ui-init.js')
  t.regex(text, /"persistAuthorization": false/)
})

test('over plain HTTP browsers are not told to insist on HTTPS', async (t) => {
  const own = await startHttp({ config: { publicUrl: 'http://localhost:3001' } })
  t.teardown(() => own.stop())
  const { headers } = await own.call('GET', '/')
  t.is(headers.get('strict-transport-security'), null)
  t.notRegex(headers.get('content-security-policy')!, /upgrade-insecure-requests/)
})

test('asking for readiness often asks the database seldom', async (t) => {
  let asked = 0
  const ready = async () => {
    asked++
    return []
  }
  const own = await startHttp({ deps: { health: { ready } } })
  t.teardown(() => own.stop())
  const answers = await Promise.all(Array.from({ length: 50 }, () => own.call('GET', '/readyz')))
  t.true(answers.every(({ status }) => status === 200))
  t.true(asked < 10)
})
