import test from 'ava'
import { PUBLIC_URL, startHttp } from './support/http-server.ts'

const server = await startHttp()
const { cookie, orgId, token } = await server.signUp()
const ticket = { body: { content: 'Hello' } }
test.after.always(() => server.stop())

const path = `/orgs/${orgId}/tickets/${orgId}/messages`
/** Past the check there is no such ticket: 404. */
const passes = 404

const cases: [what: string, headers: Record<string, string>, status: number][] = [
  ['no browser at all', {}, passes],
  ['our own page', { 'sec-fetch-site': 'same-origin', origin: PUBLIC_URL }, passes],
  [
    'our own page under another name of this server',
    { 'sec-fetch-site': 'same-origin', origin: 'http://127.0.0.1:3001' },
    passes,
  ],
  ['something typed by the person', { 'sec-fetch-site': 'none' }, passes],
  ['our own page in a browser without Sec-Fetch-Site', { origin: PUBLIC_URL }, passes],
  ['another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, 403],
  ['another site that hides its origin', { 'sec-fetch-site': 'cross-site' }, 403],
  ['a neighbour on the same domain', { 'sec-fetch-site': 'same-site', origin: 'https://other.example.com' }, 403],
  ['another site in a browser without Sec-Fetch-Site', { origin: 'https://evil.example' }, 403],
  ['a sandboxed frame', { origin: 'null' }, 403],
  ['our name over plain HTTP', { origin: PUBLIC_URL.replace('https:', 'http:') }, 403],
  ['our name as the beginning of another', { origin: `${PUBLIC_URL}.evil.example` }, 403],
]
for (const [what, headers, status] of cases) {
  test(`S77: a write with the cookie from ${what}: ${status === 403 ? 'refused' : 'let through'}`, async (t) => {
    const answer = await server.call('POST', path, { ...ticket, headers: { ...headers, cookie } })
    t.is(answer.status, status)
    if (status === 403) t.is(answer.json.code, 'csrf-rejected')
  })

  test(`a write with the token from ${what}: let through`, async (t) => {
    t.is((await server.call('POST', path, { ...ticket, token, headers })).status, passes)
  })

  test(`reading with the cookie from ${what}: let through`, async (t) => {
    t.is((await server.call('GET', '/auth/me', { headers: { ...headers, cookie } })).status, 200)
  })
}

const evil = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
test('S80: nobody is logged in, signed up or logged out from another site', async (t) => {
  for (const route of ['/auth/login', '/auth/signup', '/auth/logout']) {
    const answer = await server.call('POST', route, { body: {}, headers: { ...evil, cookie } })
    t.is(answer.json.code, 'csrf-rejected', route)
  }
})

test('a scheme that only looks like a bearer token is no way around the check', async (t) => {
  for (const authorization of ['Bearerx', 'Basic Bearer', 'bear']) {
    const answer = await server.call('POST', path, { ...ticket, headers: { ...evil, cookie, authorization } })
    t.is(answer.status, 403, authorization)
  }
  const empty = await server.call('POST', path, { ...ticket, headers: { ...evil, cookie, authorization: 'Bearer  ' } })
  t.true([401, 403].includes(empty.status), 'the cookie does not count beside it')
})

test('S76: what a form of another site can send is not JSON', async (t) => {
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
    const answer = await server.call('POST', '/auth/login', {
      body: '{"email":"a@example.com","password":"12345678"}',
      headers: { 'content-type': type },
    })
    t.is(answer.json.code, 'unsupported-media-type', type)
  }
})
