import { randomUUID } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { defaultTiming } from '../../../src/adapters/http/event-stream/stream-timing.ts'
import type { OrgId, UserId } from '../../../src/core/ids.ts'
import { PASSWORD, startHttp, type TestServer } from './support/http-server.ts'
import { SseClient } from './support/sse-client.ts'
import { until } from './support/until.ts'

type Own = { id: string; agent: string | null; isCurrent: boolean; lastUsedAt: string; startedAt: string }

async function set(t: ExecutionContext, options: Parameters<typeof startHttp>[0] = {}): Promise<TestServer> {
  const server = await startHttp(options)
  t.teardown(() => server.stop())
  return server
}

const logIn = async (server: TestServer, email: string, agent = 'a program') => {
  const body = { email, password: PASSWORD }
  const answer = await server.call('POST', '/auth/login', { body, headers: { 'user-agent': agent } })
  return answer.json.accessToken as string
}
const listed = async (server: TestServer, token: string): Promise<readonly Own[]> =>
  (await server.call('GET', '/auth/sessions', { token })).json.data
const statusOf = async (server: TestServer, token: string) => (await server.call('GET', '/auth/me', { token })).status

const moveTo = (server: TestServer, token: string, orgId: string) =>
  server.call('POST', '/auth/switch', { token, body: { orgId } })

/** Another organization of theirs, to go to and fro. */
async function another(server: TestServer, { userId }: { userId: UserId }): Promise<OrgId> {
  const { org } = server.accounts.add({ email: `${randomUUID()}@example.com`, password: PASSWORD })
  server.accounts.join(userId, org, 'AGENT')
  return org.id
}

test('my sessions are listed, those used last first, by names that open nothing', async (t) => {
  const server = await set(t)
  const { email, token } = await server.signUp()
  await server.signUp()
  const long = `phone ${'x'.repeat(500)}`
  const phone = await logIn(server, email, long)
  server.time.offsetMs = 120_000
  const mine = await listed(server, token)
  t.deepEqual(
    mine.map(({ isCurrent, agent }) => [isCurrent, agent === long.slice(0, 200)]),
    [
      [true, false],
      [false, true],
    ],
  )
  t.true(mine[0]!.lastUsedAt > mine[0]!.startedAt)
  t.is(mine[1]!.lastUsedAt, mine[1]!.startedAt)
  t.like((await server.call('GET', '/auth/sessions', { token })).json.data[1], { address: '127.0.0.1' })
  const theirs = await listed(server, phone)
  t.deepEqual(theirs.map(({ id }) => id).toSorted(), mine.map(({ id }) => id).toSorted())
  t.is(theirs.find(({ isCurrent }) => isCurrent)?.id, mine[1]!.id)
  for (const { id } of mine) t.is(await statusOf(server, id), 401)
})

test('one session is ended, by its name and by nobody else', async (t) => {
  const server = await set(t)
  const { email, token } = await server.signUp()
  const stranger = await server.signUp()
  const phone = await logIn(server, email)
  const { id } = (await listed(server, token)).find(({ isCurrent }) => !isCurrent)!
  const end = (by: string) => server.call('DELETE', `/auth/sessions/${id}`, { token: by })
  t.like(await end(stranger.token), { status: 404, json: { code: 'not-found' } })
  t.is(await statusOf(server, phone), 200)
  t.is((await end(token)).status, 204)
  t.is(await statusOf(server, phone), 401)
  t.is(await statusOf(server, token), 200)
  t.is((await end(token)).status, 404, 'it is gone')
  t.is((await listed(server, token)).length, 1)
})

test('a session keeps its name where it goes on in another organization, and is ended by it, also on its way', async (t) => {
  const server = await set(t)
  const { email, orgId, token, ...person } = await server.signUp()
  const toAndFro = [await another(server, person), orgId]
  let phone = await logIn(server, email)
  const other = async () => (await listed(server, token)).find(({ isCurrent }) => !isCurrent)
  const { id } = (await other())!
  phone = (await moveTo(server, phone, toAndFro[0]!)).json.accessToken
  t.is((await other())?.id, id)
  const { sessions } = server
  const { ofUser } = sessions
  let looks = 0
  sessions.ofUser = async (userId) => {
    const found = await ofUser.call(sessions, userId)
    if (looks++ < 3) phone = (await moveTo(server, phone, toAndFro[looks % 2]!)).json.accessToken
    return found
  }
  t.is((await server.call('DELETE', `/auth/sessions/${id}`, { token })).status, 204)
  t.true(looks > 3)
  t.is(await statusOf(server, phone), 401)
  t.is((await server.call('DELETE', `/auth/sessions/${id}`, { token })).status, 404)
})

test("all sessions but the one that asks are ended, and their streams, and nobody else's", async (t) => {
  const server = await set(t, { timing: { ...defaultTiming, checkMs: 50 } })
  const { email, orgId, token } = await server.signUp()
  const stranger = await server.signUp()
  const others = [await logIn(server, email), await logIn(server, email), await logIn(server, email)]
  const stream = await new SseClient(`${server.url}/orgs/${orgId}/events/stream`, {
    authorization: `Bearer ${others[0]}`,
  }).opened()
  t.is((await server.call('DELETE', '/auth/sessions', { token })).status, 204)
  for (const other of others) t.is(await statusOf(server, other), 401)
  t.is(await statusOf(server, token), 200)
  t.is(await statusOf(server, stranger.token), 200)
  await until(() => stream.closed)
  t.like(stream.events.at(-1), { event: 'stream.goodbye', data: { reason: 'session-ended' } })
})

test('a session from before a new password is not among mine, in whatever store it still is', async (t) => {
  const server = await set(t)
  const { email, token, userId } = await server.signUp()
  await logIn(server, email)
  server.accounts.since.set(userId, new Date(Date.now() + 1_000))
  server.time.offsetMs = 2_000
  t.is(await statusOf(server, token), 401)
  t.is((await listed(server, await logIn(server, email))).length, 1)
})

test('S62: a session that nobody used for too long is over, and one in use is not, until its time is up', async (t) => {
  const minutes = (count: number) => count * 60_000
  const server = await set(t, { config: { sessionTtlMs: minutes(60), sessionIdleMs: minutes(20) } })
  const { cookie, email, token } = await server.signUp()
  const idle = await logIn(server, email)
  for (const at of [10, 19]) {
    server.time.offsetMs = minutes(at)
    t.is(await statusOf(server, token), 200)
  }
  server.time.offsetMs = minutes(21)
  t.is(await statusOf(server, idle), 401, 'not used for 21 minutes')
  t.deepEqual(
    (await listed(server, token)).map(({ isCurrent }) => isCurrent),
    [true],
  )
  for (const at of [35, 50, 59]) {
    server.time.offsetMs = minutes(at)
    t.is((await server.call('GET', '/auth/me', { headers: { cookie } })).status, 200)
  }
  server.time.offsetMs = minutes(61)
  t.is(await statusOf(server, token), 401, 'in use, and too old')
})

test('S62: an open stream ends with its session that is idle', async (t) => {
  const server = await set(t, {
    timing: { ...defaultTiming, checkMs: 20 },
    config: { sessionTtlMs: 86_400_000, sessionIdleMs: 1_200_000 },
  })
  const { orgId, token } = await server.signUp()
  const stream = await new SseClient(`${server.url}/orgs/${orgId}/events/stream`, {
    authorization: `Bearer ${token}`,
  }).opened()
  server.time.offsetMs = 1_201_000
  await until(() => stream.closed)
  t.like(stream.events.at(-1), { event: 'stream.goodbye', data: { reason: 'session-ended' } })
})

test('a browser that signs out is told to forget what it kept of this place, and no cookie of others', async (t) => {
  const server = await set(t)
  const { cookie } = await server.signUp()
  const answer = await server.call('POST', '/auth/logout', { headers: { cookie } })
  t.is(answer.headers.get('clear-site-data'), '"cache", "storage"')
})

test("S19: a session goes on in another organization of one's own, under another id and no younger, and in no other", async (t) => {
  const server = await set(t)
  const { orgId, token, userId } = await server.signUp()
  const [second, foreign] = [await server.signUp(), await server.signUp()]
  server.accounts.join(userId, second.answer.json.org, 'VIEWER')
  const go = (by: string, to: string) => server.call('POST', '/auth/switch', { token: by, body: { orgId: to } })
  const me = await server.call('GET', '/auth/me', { token })
  t.deepEqual(
    me.json.memberships.map((one: { org: { id: string }; role: string }) => [one.org.id, one.role]),
    [
      [orgId, 'OWNER'],
      [second.orgId, 'VIEWER'],
    ],
  )
  t.like(await go(token, foreign.orgId), { status: 404, json: { code: 'not-found' } })
  const [before] = await listed(server, token)
  server.time.offsetMs = 700_000
  const moved = await go(token, second.orgId)
  t.like(moved, { status: 200, json: { orgId: second.orgId, org: { id: second.orgId } } })
  t.is(await statusOf(server, token), 401, 'the id from before is dead')
  const fresh = moved.json.accessToken as string
  t.like((await server.call('GET', '/auth/me', { token: fresh })).json, { orgId: second.orgId, role: 'VIEWER' })
  t.is((await listed(server, fresh))[0]?.startedAt, before?.startedAt)
  const weighty = await server.call('DELETE', '/auth/sessions', { token: fresh })
  t.is(weighty.json.code, 'reauthentication-required', 'a switch is no password')
  server.accounts.leave(userId, second.orgId)
  t.is((await go(fresh, second.orgId)).status, 404)
})

test('a switch to where the session is already changes nothing and is noted nowhere', async (t) => {
  const server = await set(t, { timing: { ...defaultTiming, checkMs: 50 } })
  const { cookie, orgId, token } = await server.signUp()
  const at = `${server.url}/orgs/${orgId}/events/stream`
  const stream = await new SseClient(at, { authorization: `Bearer ${token}` }).opened()
  const [own] = (await listed(server, token)) as [Own & { expiresAt: string }]
  for (const [headers, accessToken] of [
    [{ authorization: `Bearer ${token}` }, token],
    [{ cookie, 'sec-fetch-site': 'same-origin' }, null],
  ] as const) {
    const answer = await server.call('POST', '/auth/switch', { headers, body: { orgId } })
    t.like(answer, { status: 200, json: { accessToken, orgId, org: { id: orgId }, expiresAt: own.expiresAt } })
    t.is(answer.headers.get('set-cookie'), null)
  }
  t.deepEqual(await listed(server, token), [own])
  t.false(server.log.text.includes('organization.switched'))
  await new Promise((resolve) => setTimeout(resolve, 150))
  t.false(stream.closed)
})

test('of many switches of one session at once, one goes on and the others are refused', async (t) => {
  const server = await set(t)
  const { token, ...person } = await server.signUp()
  const orgId = await another(server, person)
  const { accounts } = server
  const { membership } = accounts
  const { promise: allAreIn, resolve: letGo } = Promise.withResolvers<void>()
  let waiting = 0
  accounts.membership = async (...args) => {
    if (++waiting === 20) letGo()
    await allAreIn
    return membership.apply(accounts, args)
  }
  const answers = await Promise.all(Array.from({ length: 20 }, () => moveTo(server, token, orgId)))
  const refused = answers.filter(({ status }) => status !== 200)
  t.is(refused.length, 19)
  for (const answer of refused) t.like(answer, { status: 401, json: { code: 'unauthenticated' } })
  for (const { headers } of refused) t.is(headers.get('set-cookie'), null)
  t.is(server.sessions.rows.size, 1)
  const [{ json }] = answers.filter(({ status }) => status === 200) as [(typeof answers)[number]]
  t.is((await listed(server, json.accessToken)).length, 1)
})

test('a session that switches while the others are listed is ended all the same', async (t) => {
  const server = await set(t)
  const { email, orgId, token, ...person } = await server.signUp()
  const toAndFro = [await another(server, person), orgId]
  let other = await logIn(server, email)
  const { sessions } = server
  const { ofUser } = sessions
  let switches = 0
  sessions.ofUser = async (userId) => {
    const found = await ofUser.call(sessions, userId)
    if (switches++ < 3) other = (await moveTo(server, other, toAndFro[(switches + 1) % 2]!)).json.accessToken
    return found
  }
  t.is((await server.call('DELETE', '/auth/sessions', { token })).status, 204)
  t.true(switches > 3)
  t.is(await statusOf(server, other), 401)
  t.is(await statusOf(server, token), 200)
  t.is(sessions.rows.size, 1)
})

test('a member who switches while they are signed out is signed out all the same', async (t) => {
  const server = await set(t)
  const { orgId, token } = await server.signUp()
  const member = await server.signUp()
  const memberId = server.accounts.join(member.userId, { id: orgId, name: 'Theirs', createdAt: new Date() }, 'AGENT')
  let theirs = (await moveTo(server, member.token, orgId)).json.accessToken as string
  const toAndFro = [member.orgId, orgId]
  const { sessions } = server
  const { ofUser } = sessions
  let switches = 0
  sessions.ofUser = async (userId) => {
    const found = await ofUser.call(sessions, userId)
    if (switches++ < 3)
      theirs = (await moveTo(server, theirs, toAndFro[(switches + 1) % 2]!)).json?.accessToken ?? theirs
    return found
  }
  t.is((await server.call('DELETE', `/orgs/${orgId}/members/${memberId}/sessions`, { token })).status, 204)
  t.is((await server.call('GET', `/orgs/${orgId}/tickets`, { token: theirs })).status, 401)
  t.true(switches > 1)
  const left = [...sessions.rows.values()].map((row) => JSON.stringify(row))
  t.is(left.filter((row) => row.includes(orgId)).length, 1, "the administrator's own")
})

test('a session that is ended before its answer is out is not brought back by the answer', async (t) => {
  const server = await set(t)
  const { email, token, ...person } = await server.signUp()
  const orgId = await another(server, person)
  const { sessions } = server
  const { set: write, move } = sessions
  let writes = 0
  sessions.set = async (...args) => {
    await write.apply(sessions, args)
    if (writes++ === 0) await sessions.destroy(args[0])
  }
  t.is(await statusOf(server, await logIn(server, email)), 401)
  sessions.move = async (from, next) => {
    const isMoved = await move.call(sessions, from, next)
    await sessions.destroy(next.idHash)
    return isMoved
  }
  t.is(await statusOf(server, (await moveTo(server, token, orgId)).json.accessToken), 401)
  t.is(sessions.rows.size, 0)
})

test('who is signed out of an organization is out of it with every session from before, wherever that one is', async (t) => {
  const server = await set(t, { timing: { ...defaultTiming, checkMs: 50 } })
  const { orgId, token } = await server.signUp()
  const member = await server.signUp()
  const memberId = server.accounts.join(member.userId, { id: orgId, name: 'Theirs', createdAt: new Date() }, 'AGENT')
  const ticketsOf = (org: string, by: string) => server.call('GET', `/orgs/${org}/tickets`, { token: by })
  t.is((await ticketsOf(orgId, member.token)).status, 200)
  const stream = await new SseClient(`${server.url}/orgs/${orgId}/events/stream`, {
    authorization: `Bearer ${member.token}`,
  }).opened()
  const { secret } = await server.keyOf({ orgId, memberId, userId: member.userId })

  server.time.offsetMs = 1_000
  server.state.offsetMs = 1_000
  t.is((await server.call('DELETE', `/orgs/${orgId}/members/${memberId}/sessions`, { token })).status, 204)
  const sentence = 'You were signed out of this organization. Sign in again.'
  const over = { status: 401, json: { code: 'unauthenticated', detail: sentence } }
  t.like(await ticketsOf(orgId, member.token), over)
  t.like(await moveTo(server, member.token, orgId), over)
  await until(() => stream.closed)
  t.like(stream.events.at(-1), { event: 'stream.goodbye', data: { reason: 'session-ended' } })
  t.is((await ticketsOf(member.orgId, member.token)).status, 200, 'elsewhere it goes on')
  t.is((await ticketsOf(orgId, secret)).status, 200, 'a key is no session')

  server.time.offsetMs = 2_000
  const fresh = await logIn(server, member.email)
  t.is((await ticketsOf(orgId, fresh)).status, 200)
  t.is((await moveTo(server, fresh, orgId)).status, 200)
})
