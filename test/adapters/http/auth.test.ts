import { createHmac } from 'node:crypto'
import test from 'ava'
import { PASSWORD, PUBLIC_URL, SESSION_SECRET, startHttp } from './support/http-server.ts'

const server = await startHttp()
test.after.always(() => server.stop())

test('S59: signing up answers with a token, the organization and a cookie', async (t) => {
  const { answer, cookie, orgId, token } = await server.signUp()
  t.like(answer.json, { orgId, warnings: [], org: { id: orgId, name: 'Some Company' } })
  t.regex(token, /^[\w-]{32}$/)
  t.true(new Date(answer.json.expiresAt).getTime() > Date.now())
  const attributes = answer.headers.get('set-cookie')!.split('; ').slice(1)
  t.true(attributes.includes('HttpOnly') && attributes.includes('SameSite=Lax') && attributes.includes('Path=/'))
  t.true(attributes.includes('Secure'), 'whatever the last proxy speaks to us')
  t.true(attributes.every((one) => !/^domain=/i.test(one)))
  t.true(cookie.startsWith('__Host-sid=s%3A'))
})

test('S59: over plain HTTP the cookie has another name and is not Secure, which would not come back', async (t) => {
  const plain = await startHttp({ config: { publicUrl: 'http://localhost:3001' } })
  t.teardown(() => plain.stop())
  const { answer, cookie } = await plain.signUp()
  t.true(cookie.startsWith('sid=s%3A'))
  t.notRegex(answer.headers.get('set-cookie')!, /; Secure/)
  t.is((await plain.call('GET', '/auth/me', { headers: { cookie } })).status, 200)
  const out = await plain.call('POST', '/auth/logout', { headers: { cookie } })
  t.regex(out.headers.get('set-cookie')!, /^sid=; .*Expires=Thu, 01 Jan 1970/)
})

test('S59: over https the name that any neighbour can set, as an older version had it, signs nobody in', async (t) => {
  const { cookie, email } = await server.signUp()
  const older = cookie.replace('__Host-sid=', 'sid=')
  t.is((await server.call('GET', '/auth/me', { headers: { cookie: older } })).status, 401)
  const other = await server.signUp()
  const beside = { headers: { cookie: `${other.cookie.replace('__Host-sid=', 'sid=')}; ${cookie}` } }
  t.is((await server.call('GET', '/auth/me', beside)).json.user.email, email)
})

test('S141: behind a proxy that speaks HTTPS the cookie is Secure; without one nobody makes it so, or links to elsewhere', async (t) => {
  const proxied = await startHttp({ config: { trustProxy: 1, publicUrl: 'http://localhost:3001' } })
  t.teardown(() => proxied.stop())
  const body = { orgName: 'A', name: 'B', email: 'a@example.com', password: PASSWORD }
  const answer = await proxied.call('POST', '/auth/signup', { body, headers: { 'x-forwarded-proto': 'https' } })
  t.regex(answer.headers.get('set-cookie')!, /; Secure/)
  const bare = await startHttp({ config: { publicUrl: 'http://localhost:3001' } })
  t.teardown(() => bare.stop())
  const forged = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example', 'x-forwarded-ssl': 'on' }
  const plain = await bare.call('POST', '/auth/signup', { body, headers: forged })
  t.is(plain.status, 201)
  t.notRegex(plain.headers.get('set-cookie')!, /; Secure/)
  for (const own of [server, bare])
    t.notRegex((await own.call('GET', '/openapi.json', { headers: forged })).text, /evil\.example/)
})

test('the token and the cookie are one session', async (t) => {
  const { cookie, email, token } = await server.signUp()
  for (const way of [{ token }, { headers: { cookie } }]) {
    const me = await server.call('GET', '/auth/me', way)
    t.is(me.status, 200)
    t.is(me.json.user.email, email)
    t.is(me.headers.get('set-cookie'), null)
  }
})

for (const [what, headers] of Object.entries({
  'our own page': { 'sec-fetch-site': 'same-origin', origin: PUBLIC_URL },
  'an older browser': { origin: PUBLIC_URL },
  'something typed by the person': { 'sec-fetch-site': 'none' },
})) {
  test(`S59: of ${what} no answer has what its cookie holds, whichever begins or moves a session`, async (t) => {
    const email = `browser-${crypto.randomUUID()}@example.com`
    const other = await server.signUp()
    let cookie = ''
    for (const [path, body] of [
      ['/auth/signup', { orgName: 'Some Company', name: 'Sam', email, password: PASSWORD }],
      ['/auth/login', { email, password: PASSWORD }],
      ['/auth/reauthenticate', { password: PASSWORD }],
      ['/auth/switch', { orgId: other.orgId }],
      ['/auth/password', { currentPassword: PASSWORD, newPassword: `another-${PASSWORD}` }],
    ] as const) {
      if (path === '/auth/switch')
        server.accounts.join(await userOf(cookie), { ...other.answer.json.org, createdAt: new Date() }, 'AGENT')
      const answer = await server.call('POST', path, { body, headers: { ...headers, ...(cookie && { cookie }) } })
      t.true(answer.status < 300, `${path}: ${answer.text}`)
      t.is(answer.json.accessToken, null, path)
      cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? ''
      const held = /^__Host-sid=s%3A([\w-]{32})\./.exec(cookie)?.[1] ?? ''
      t.is((await server.call('GET', '/auth/me', { token: held })).status, 200, 'it is the session')
      t.false(answer.text.includes(held), path)
    }
    // Whoever has a token goes on with one, wherever they are.
    const { token } = await server.signUp()
    const renewed = await server.call('POST', '/auth/reauthenticate', { token, headers, body: { password: PASSWORD } })
    t.regex(renewed.json.accessToken, /^[\w-]{32}$/)
  })
}

const userOf = async (cookie: string) => (await server.call('GET', '/auth/me', { headers: { cookie } })).json.user.id

test('the header wins over a cookie beside it', async (t) => {
  const [one, other] = [await server.signUp(), await server.signUp()]
  const me = await server.call('GET', '/auth/me', { token: other.token, headers: { cookie: one.cookie } })
  t.is(me.json.user.email, other.email)
  const forged = await server.call('GET', '/auth/me', { token: 'x'.repeat(32), headers: { cookie: one.cookie } })
  t.is(forged.status, 401)
  const malformed = await server.call('GET', '/auth/me', { headers: { cookie: one.cookie, authorization: 'Bearer ?' } })
  t.is(malformed.status, 401)
})

for (const [what, headers] of Object.entries({
  nothing: {},
  'a token that nobody was given': { authorization: `Bearer ${'A'.repeat(32)}` },
  'another scheme': { authorization: 'Basic YWRtaW46YWRtaW4=' },
  'S60: an unsigned cookie': { cookie: '__Host-sid=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' },
  'S60: a cookie with a wrong signature': { cookie: `__Host-sid=s%3A${'A'.repeat(32)}.${'B'.repeat(43)}` },
  'S60: a cookie of 10 kB': { cookie: `__Host-sid=${'x'.repeat(10_000)}` },
  'S60: a cookie that is a list': { cookie: '__Host-sid[]=1; __Host-sid[]=2; __Host-sid=' },
  'S60: a cookie that cannot be decoded': { cookie: '__Host-sid=s%3A%E0%A4%A; =; ;;' },
})) {
  test(`${what} is not a session`, async (t) => {
    const answer = await server.call('GET', '/auth/me', { headers: headers as Record<string, string> })
    t.is(answer.status, 401)
    t.is(answer.json.code, 'unauthenticated')
    t.is(answer.headers.get('content-type'), 'application/problem+json')
    t.is(answer.headers.get('www-authenticate'), 'Bearer')
    t.is(answer.headers.get('set-cookie'), null)
  })
}

test('S60: the cookie of a session opens nothing once another secret signed it, or a letter of it is another', async (t) => {
  const { cookie, token } = await server.signUp()
  const signed = (secret: string, id = token) =>
    `__Host-sid=${encodeURIComponent(`s:${id}.${createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '')}`)}`
  t.is(signed(SESSION_SECRET), cookie)
  const altered = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`
  for (const forged of [
    signed('the secret of somebody else'),
    cookie.replace(token, altered),
    signed(SESSION_SECRET, altered),
    cookie.slice(0, -1),
    cookie.replace('s%3A', 'j%3A'),
    `__Host-sid=${token}`,
  ])
    t.is((await server.call('GET', '/auth/me', { headers: { cookie: forged } })).status, 401, forged)
  t.is((await server.call('GET', '/auth/me', { headers: { cookie } })).status, 200)
})

test('S58: logging in makes a new session, whatever id was planted before', async (t) => {
  const { cookie, email, token } = await server.signUp()
  const answer = await server.call('POST', '/auth/login', { body: { email, password: PASSWORD }, headers: { cookie } })
  t.is(answer.status, 200)
  t.deepEqual(Object.keys(answer.json).toSorted(), ['accessToken', 'expiresAt', 'org', 'orgId', 'user', 'warnings'])
  t.not(answer.json.accessToken, token)
  t.is((await server.call('GET', '/auth/me', { token })).status, 401, 'the session from before is dead')
  t.is((await server.call('GET', '/auth/me', { token: answer.json.accessToken })).status, 200)
})

test('S61: logging out kills the token and the cookie, and leaves no record', async (t) => {
  const { cookie, token, userId } = await server.signUp()
  const answer = await server.call('POST', '/auth/logout', { headers: { cookie } })
  t.is(answer.status, 204)
  t.is(answer.text, '')
  t.regex(answer.headers.get('set-cookie')!, /^__Host-sid=; .*Expires=Thu, 01 Jan 1970/)
  t.is((await server.call('GET', '/auth/me', { headers: { cookie } })).status, 401)
  t.is((await server.call('GET', '/auth/me', { token })).status, 401)
  t.false([...server.sessions.rows.values()].some((row) => row.userId === userId))
})

test('S53: an unknown address, a wrong password and one of a disabled person get the same answer', async (t) => {
  const [known, disabled] = [await server.signUp(), await server.signUp()]
  server.accounts.leave(disabled.userId, disabled.orgId)
  const answers = []
  for (const email of [known.email, 'nobody@example.com', disabled.email]) {
    const answer = await server.call('POST', '/auth/login', { body: { email, password: 'not-the-password' } })
    t.like(answer, { status: 401, json: { code: 'invalid-credentials' } })
    const headers = [...answer.headers].filter(([name]) => !['date', 'x-request-id'].includes(name))
    answers.push({ headers, json: { ...answer.json, requestId: '' } })
  }
  t.deepEqual(answers[1], answers[0])
  t.deepEqual(answers[2], answers[0])
})

test('a known address cannot sign up again', async (t) => {
  const { email } = await server.signUp()
  const body = { orgName: 'Another', name: 'Another', email, password: PASSWORD }
  const answer = await server.call('POST', '/auth/signup', { body })
  t.is(answer.status, 409)
  t.is(answer.json.code, 'email-taken')
})

test('the store holds hashes: no id that would open anything', async (t) => {
  const { token } = await server.signUp()
  const dump = JSON.stringify([...server.sessions.rows])
  t.false(dump.includes(token))
  t.false(dump.includes(PASSWORD))
  t.true([...server.sessions.rows.keys()].every((key) => /^[0-9a-f]{64}$/.test(key)))
})

test('a session ends when its time is over', async (t) => {
  const own = await startHttp()
  t.teardown(() => own.stop())
  const { token } = await own.signUp()
  own.time.offsetMs = 3_540_000
  t.is((await own.call('GET', '/auth/me', { token })).status, 200)
  own.time.offsetMs = 3_601_000
  t.is((await own.call('GET', '/auth/me', { token })).status, 401)
})

test('D6: a session store that is away or silent is 503 and not 401, and the webhook does not care', async (t) => {
  const own = await startHttp()
  t.teardown(() => own.stop())
  const { cookie, email, orgId, token } = await own.signUp()
  own.webhookSecrets.set(orgId, '')
  for (const trouble of ['away', 'hanging'] as const) {
    own.sessions[trouble] = true
    const login = { body: { email, password: PASSWORD } }
    const calls = [
      own.call('GET', '/auth/me', { token }),
      own.call('GET', '/auth/me', { headers: { cookie } }),
      own.call('GET', `/orgs/${orgId}/tickets`, { token }),
      own.call('POST', '/auth/logout', { token }),
      own.call('POST', '/auth/login', login),
    ]
    for (const answer of await Promise.all(calls)) {
      t.is(answer.status, 503)
      t.is(answer.json.code, 'unavailable')
      t.is(answer.headers.get('retry-after'), '5')
    }
    t.is((await own.call('POST', `/webhook/${orgId}`, { body: {} })).json.code, 'no-webhook-secret')
    t.is((await own.call('GET', '/healthz')).status, 200)
    own.sessions[trouble] = false
  }
  t.is((await own.call('GET', '/auth/me', { token })).status, 200)
})

test('secrets are rotated: the first signs, the older ones are still taken', async (t) => {
  const own = await startHttp({
    deps: { secrets: { sessionSecrets: ['the-new-secret', SESSION_SECRET], metricsToken: null, cursorKey: 'key' } },
  })
  t.teardown(() => own.stop())
  const { cookie, token } = await own.signUp()
  t.is((await own.call('GET', '/auth/me', { headers: { cookie } })).status, 200)
  t.is((await own.call('GET', '/auth/me', { token })).status, 200)
})

test('who belongs to no organization any more cannot log in, and is told so', async (t) => {
  const { email, orgId, token, userId } = await server.signUp()
  server.accounts.leave(userId, orgId)
  t.is((await server.call('GET', '/auth/me', { token })).json.code, 'unauthenticated')
  const answer = await server.call('POST', '/auth/login', { body: { email, password: PASSWORD } })
  t.is(answer.json.code, 'forbidden')
})

test('the ways of asking that are not in the body do not log in', async (t) => {
  const { email } = await server.signUp()
  const answer = await server.call('POST', `/auth/login?email=${email}&password=${PASSWORD}`, { body: {} })
  t.is(answer.status, 400)
})
