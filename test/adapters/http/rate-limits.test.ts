import test, { type ExecutionContext } from 'ava'
import { createRateLimits, NO_LIMIT, networkOf } from '../../../src/adapters/http/rate-limits.ts'
import { receiptCode } from '../../../src/adapters/http/receipt-code.ts'
import { PASSWORD, SESSION_SECRET, startHttp } from './support/http-server.ts'
import { organizationWithEverything } from './support/organization-with-everything.ts'

const networks: [ip: string, network: string][] = [
  ['203.0.113.9', '203.0.113.9'],
  ['::ffff:203.0.113.9', '203.0.113.9'],
  ['2001:db8:0:1::1', '2001:db8:0:1::/64'],
  ['2001:0db8:0000:0001:ffff:ffff:ffff:ffff', '2001:db8:0:1::/64'],
  ['2001:DB8:0:1:2:3:4:5', '2001:db8:0:1::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['', ''],
]
for (const [ip, network] of networks)
  test(`${ip || 'no address'} belongs to the network ${network || 'without a name'}`, (t) =>
    t.is(networkOf(ip), network))

test('S55, S56: after ten wrong passwords there is a pause, for this address from this network alone', async (t) => {
  const server = await startHttp({ config: { trustProxy: 1 } })
  t.teardown(() => server.stop())
  const { email } = await server.signUp()
  const other = await server.signUp()
  const login = (body: object, ip: string) =>
    server.call('POST', '/auth/login', { body, headers: { 'x-forwarded-for': ip } })
  const wrong = { email, password: 'wrong-password' }

  for (let i = 0; i < 10; i++) t.is((await login(wrong, '203.0.113.1')).status, 401)
  const refused = await login({ email, password: PASSWORD }, '203.0.113.1')
  t.is(refused.status, 429)
  t.is(refused.json.code, 'rate-limited')
  t.true(Number(refused.headers.get('retry-after')) > 500)
  t.is(refused.json.retryAfterSeconds, Number(refused.headers.get('retry-after')))

  for (const spelling of [email.toUpperCase(), ` ${email} `, `${email}\u200a`.normalize('NFKC')]) {
    t.is((await login({ ...wrong, email: spelling }, '203.0.113.1')).status, 429, JSON.stringify(spelling))
  }
  t.is((await login({ email, password: PASSWORD }, '203.0.113.2')).status, 200, 'no weapon against the owner')
  t.is((await login({ email: other.email, password: PASSWORD }, '203.0.113.1')).status, 200, 'nor against a colleague')
})

test('S56: a burst in parallel is counted as well', async (t) => {
  const server = await startHttp()
  t.teardown(() => server.stop())
  const body = { email: 'somebody@example.com', password: 'wrong-password' }
  const answers = await Promise.all(Array.from({ length: 60 }, () => server.call('POST', '/auth/login', { body })))
  t.is(answers.filter(({ status }) => status === 401).length, 10)
  t.is(answers.filter(({ status }) => status === 429).length, 50)
})

test('S56, S141: a header that a caller made up does not make a new network', async (t) => {
  const server = await startHttp()
  t.teardown(() => server.stop())
  const body = { email: 'somebody@example.com', password: 'wrong-password' }
  const statuses: number[] = []
  for (let i = 0; i < 11; i++) {
    statuses.push(
      (await server.call('POST', '/auth/login', { body, headers: { 'x-forwarded-for': `203.0.113.${i}` } })).status,
    )
  }
  t.is(statuses.at(-1), 429)
})

test('the right password is forgiven what came before it', async (t) => {
  const limits = createRateLimits(null)
  for (let i = 0; i < 50; i++) {
    t.is((await limits.takeLogin('somebody@example.com', '203.0.113.1')).waitSeconds, 0)
    await limits.forgiveLogin('somebody@example.com', '203.0.113.1')
  }
})

test('S55: a network that tries many addresses has to pause after a hundred', async (t) => {
  const limits = createRateLimits(null)
  for (let i = 0; i < 100; i++) t.is((await limits.takeLogin(`person-${i}@example.com`, '2001:db8::1')).waitSeconds, 0)
  t.true((await limits.takeLogin('person-101@example.com', '2001:db8::2')).waitSeconds > 0)
})

test('S133: whoever guesses codes of deletion pages has to pause, and a right code is no guess', async (t) => {
  const server = await startHttp()
  t.teardown(() => server.stop())
  const at = new Date('2026-03-01T00:00:00Z')
  const ask = async (code: string) => (await server.call('GET', `/data-deletion/${code}`)).status
  const right = () => ask(receiptCode({ at, connections: 1 }, [SESSION_SECRET]))
  for (let i = 0; i < 60; i++) t.is(await right(), 200)
  for (let i = 0; i < 100; i++) t.is(await ask(receiptCode({ at, connections: i }, ['another secret'])), 404)
  t.is(await ask('x'), 429)
})

test('S141: of X-Forwarded-For as many hops are believed as there are proxies, whatever stands before them', async (t) => {
  const statuses = async (trustProxy: number, forwarded: (attempt: number) => string) => {
    const server = await startHttp({ config: { trustProxy } })
    t.teardown(() => server.stop())
    const body = { email: 'somebody@example.com', password: 'wrong-password' }
    const seen: number[] = []
    for (let i = 0; i < 11; i++) {
      const headers = {
        'x-forwarded-for': forwarded(i),
        forwarded: `for=203.0.113.${i}`,
        'x-real-ip': `203.0.113.${i}`,
      }
      seen.push((await server.call('POST', '/auth/login', { body, headers })).status)
    }
    return seen.at(-1)
  }
  t.is(await statuses(1, (i) => `203.0.113.${i}, 198.51.100.1`), 429, 'one proxy: the last is the caller')
  t.is(await statuses(1, (i) => `198.51.100.1, 203.0.113.${i}`), 401)
  t.is(await statuses(2, (i) => `203.0.113.${i}, 198.51.100.1, 192.0.2.1`), 429, 'two: the last but one')
  t.is(await statuses(2, (i) => `198.51.100.1, 203.0.113.${i}, 192.0.2.1`), 401)
  t.is(await statuses(1, (i) => (i % 2 ? '::ffff:198.51.100.1' : '198.51.100.1')), 429, 'one address in two spellings')
  t.is(await statuses(1, (i) => `198.51.100.1:${50_000 + i}`), 429, 'whichever port it is from')
  t.is(await statuses(1, (i) => `made up ${i}`), 429, 'what is no address is one network')
})

const limited = async (t: ExecutionContext, perMinute: number, perMinuteOfOrganization: number) => {
  const calls = { perMinute, perMinuteOfOrganization }
  const rateLimits = createRateLimits(null, 'test', { calls, sends: NO_LIMIT, signUps: 0 })
  const server = await startHttp({ deps: { rateLimits } })
  t.teardown(() => server.stop())
  return server
}

test('S108: calls of a person are counted over all of their sessions, those of a key by themselves, and each is told how many are left', async (t) => {
  const server = await limited(t, 3, 0)
  const { orgId, token, ...owner } = await server.signUp()
  const ask = (bearer: string) => server.call('GET', `/orgs/${orgId}/tickets`, { token: bearer })
  const first = await ask(token)
  t.is(first.headers.get('ratelimit-policy'), '"api-caller";q=3;w=60')
  t.regex(first.headers.get('ratelimit') ?? '', /^"api-caller";r=2;t=\d+$/)
  const body = { email: owner.email, password: PASSWORD }
  const again = (await server.call('POST', '/auth/login', { body })).json.accessToken as string
  t.deepEqual([(await ask(again)).status, (await ask(token)).status], [200, 200])
  const refused = await ask(again)
  t.like(refused, { status: 429, json: { code: 'rate-limited' } })
  t.regex(refused.headers.get('ratelimit') ?? '', /^"api-caller";r=0;t=\d+$/)
  t.true(Number(refused.headers.get('retry-after')) >= 1)
  t.is((await ask((await server.keyOf({ orgId, ...owner })).secret)).status, 200)
})

test('S108: an organization that has used up its calls holds up no other; guessing uses up those of whoever guesses alone', async (t) => {
  const server = await limited(t, 5, 2)
  const [one, other] = [await server.signUp(), await server.signUp()]
  const ask = async ({ token }: { token: string }, { orgId }: { orgId: string }) =>
    (await server.call('GET', `/orgs/${orgId}/tickets`, { token })).status
  t.deepEqual([await ask(one, other), await ask(one, other)], [404, 404])
  t.deepEqual([await ask(other, other), await ask(other, other), await ask(other, other)], [200, 200, 429])
  t.deepEqual([await ask(one, one), await ask(one, one), await ask(one, one)], [200, 200, 429])
})

test('S108: calls count for the organization that is asked for, wherever the session is', async (t) => {
  const server = await limited(t, 0, 2)
  const [one, other] = [await server.signUp(), await server.signUp()]
  server.accounts.join(one.userId, other.answer.json.org, 'VIEWER')
  const ask = async ({ orgId }: { orgId: string }) =>
    (await server.call('GET', `/orgs/${orgId}/tickets`, { token: one.token })).status
  t.deepEqual([await ask(other), await ask(other), await ask(other)], [200, 200, 429])
  t.is(await ask(one), 200)
})

test('S55: twenty sign-ups from one network are enough for ten minutes', async (t) => {
  const limits = createRateLimits(null, 'test', { calls: NO_LIMIT, sends: NO_LIMIT, signUps: 20 })
  const wait = async (ip: string) => (await limits.takeSignUp(ip))?.waitSeconds ?? 0
  for (let i = 0; i < 20; i++) t.is(await wait('203.0.113.1'), 0)
  t.true((await wait('203.0.113.1')) > 0)
  t.is(await wait('203.0.113.2'), 0)
})

test('S108: replies are counted besides calls, for a person or key and for the organization, and nothing else is held up', async (t) => {
  const sends = { perMinute: 2, perMinuteOfOrganization: 3 }
  const rateLimits = createRateLimits(null, 'test', {
    calls: { perMinute: 100, perMinuteOfOrganization: 0 },
    sends,
    signUps: 0,
  })
  const server = await startHttp({ deps: { rateLimits } })
  t.teardown(() => server.stop())
  const { ids, orgId, token, ...owner } = await organizationWithEverything(server)
  const path = `/orgs/${orgId}/tickets/${ids.ticketId}/messages`
  const reply = (bearer: string) => server.call('POST', path, { token: bearer, body: { content: 'Hello' } })
  const first = await reply(token)
  t.is(first.status, 201)
  t.is(first.headers.get('ratelimit-policy'), '"api-caller";q=100;w=60, "send-caller";q=2;w=60')
  t.regex(first.headers.get('ratelimit') ?? '', /^"api-caller";r=\d+;t=\d+, "send-caller";r=1;t=\d+$/)
  t.is((await server.call('POST', `${path}/${ids.messageId}/retry`, { token })).status, 202)
  const refused = await server.call('POST', `${path}/${ids.messageId}/send-again`, { token })
  t.like(refused, { status: 429, json: { code: 'rate-limited' } })
  t.true(Number(refused.headers.get('retry-after')) >= 1)
  t.like(await reply(token), { status: 429 })
  t.is((await server.call('GET', path, { token })).status, 200, 'reading goes on')

  const { secret } = await server.keyOf({ orgId, ...owner } as never)
  t.is((await reply(secret)).status, 201, 'what was refused did not count for the organization')
  t.is((await reply(secret)).status, 429, 'the organization has had its three')
  const other = await organizationWithEverything(server)
  t.is(
    (
      await server.call('POST', `/orgs/${other.orgId}/tickets/${other.ids.ticketId}/messages`, {
        token: other.token,
        body: { content: 'Hello' },
      })
    ).status,
    201,
  )
})

test('S55: whoever signs up or in, asks for a new password or opens a link is told of the limit that they count for', async (t) => {
  const rateLimits = createRateLimits(null, 'test', { calls: NO_LIMIT, sends: NO_LIMIT, signUps: 20 })
  const server = await startHttp({ deps: { rateLimits } })
  t.teardown(() => server.stop())
  const { email, orgId, token } = await server.signUp()
  const told = async (method: string, path: string, body: object, as?: string) => {
    const { headers } = await server.call(method, path, { body, ...(as !== undefined && { token: as }) })
    const [policy, left] = [headers.get('ratelimit-policy') ?? '', headers.get('ratelimit') ?? '']
    return `${policy.replace(/;w=\d+/g, '')} ${left.replace(/;t=\d+/g, '')}`
  }
  const somebody = { orgName: 'Shop', name: 'Sam', email: 'somebody-else@example.com', password: PASSWORD }
  const wrong = { token: 'x'.repeat(43), password: PASSWORD, name: 'Ann' }
  t.deepEqual(
    [
      await told('POST', '/auth/signup', somebody),
      await told('POST', '/auth/login', { email, password: PASSWORD }),
      await told('POST', '/auth/login', { email, password: 'wrong-password' }),
      await told('POST', '/auth/login', { email, password: 'wrong-password' }),
      await told('POST', '/auth/password-reset', { email: 'nobody@example.com' }),
      await told('POST', '/auth/password-reset/confirm', { token: wrong.token, password: PASSWORD }),
      await told('POST', '/auth/invitations/show', { token: wrong.token }),
      await told('POST', '/auth/invitations/accept', wrong),
      await told('POST', `/orgs/${orgId}/invitations`, { email: 'ann@example.com', role: 'AGENT' }, token),
      // Last: the session that asks is over with it.
      await told('POST', '/auth/reauthenticate', { password: PASSWORD }, token),
    ],
    [
      '"signup-network";q=20 "signup-network";r=18',
      '"login";q=10 "login";r=9',
      '"login";q=10 "login";r=9',
      '"login";q=10 "login";r=8',
      '"reset";q=5 "reset";r=4',
      '"link-network";q=100 "link-network";r=99',
      '"link-network";q=100 "link-network";r=98',
      '"link-network";q=100 "link-network";r=97',
      '"invitation";q=30 "invitation";r=29',
      '"login";q=10 "login";r=7',
    ],
  )
})
