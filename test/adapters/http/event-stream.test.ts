import test from 'ava'
import { loadContract } from '../../../src/adapters/http/contract.ts'
import { defaultTiming } from '../../../src/adapters/http/event-stream/stream-timing.ts'
import type { MemberId, OrgId, TicketId } from '../../../src/core/ids.ts'
import { aMemberId, aMessageView } from '../../fakes/fake-views.ts'
import { startHttp, type TestServer } from './support/http-server.ts'
import { SseClient } from './support/sse-client.ts'
import { until } from './support/until.ts'

const listEvents = loadContract().operation('listEvents')

/** An organization with an open door to its events. */
async function watch(options: Parameters<typeof startHttp>[0] = {}) {
  const server = await startHttp(options)
  const owner = await server.signUp()
  const path = `/orgs/${owner.orgId}/events`
  const open = (headers: Record<string, string> = {}, query = '') =>
    new SseClient(`${server.url}${path}/stream${query}`, { authorization: `Bearer ${owner.token}`, ...headers })
  return {
    ...owner,
    server,
    path,
    open,
    append: (recipient: MemberId | null = null) => server.feed.append(owner.orgId, recipient),
  }
}

const numbered = (server: TestServer, payload?: string) => server.wakeups.wake('events-numbered', payload)

test('the bytes of a stream', async (t) => {
  const { append, open, orgId, server } = await watch()
  t.teardown(() => server.stop())
  append()
  const stream = await open().opened()
  t.is(stream.status, 200)
  t.is(stream.headers['content-type'], 'text/event-stream; charset=utf-8')
  t.is(stream.headers['cache-control'], 'no-store')
  t.is(stream.headers['x-accel-buffering'], 'no')
  t.is(stream.headers['content-length'], undefined)

  const event = server.feed.append(orgId, null, {
    data: aMessageView(orgId, 't' as never, { content: 'two\nlines\r\n\u2028 é 😀' }),
    type: 'message.created',
  })
  numbered(server)
  await until(() => stream.seqs.length === 1)
  const serverTime = String(stream.events[0]?.data['serverTime'])
  t.regex(serverTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  t.is(
    stream.raw,
    'retry: 3000\n\n' +
      `event: stream.hello\ndata: {"seq":1,"serverTime":"${serverTime}","heartbeatSeconds":15}\n\n` +
      `id: 2\nevent: message.created\ndata: ${JSON.stringify(event)}\n\n`,
  )
})

test('events of the stream itself have no id, so that nobody forgets where they were', async (t) => {
  const { append, open, server } = await watch({ timing: { ...defaultTiming, maxReplay: 2, heartbeatMs: 20 } })
  t.teardown(() => server.stop())
  for (let i = 0; i < 5; i++) append()
  const stream = await open({ 'last-event-id': '1' }).opened()
  await until(() => stream.raw.includes(': hb\n\n'))
  await server.app.close()
  await until(() => stream.closed)
  t.deepEqual(stream.names(), ['stream.hello', 'stream.reset', 'stream.goodbye'])
  t.notRegex(stream.raw, /^id/m)
})

test('what is sent and what is listed follow the same contract', async (t) => {
  const { append, open, path, server, token } = await watch()
  t.teardown(() => server.stop())
  append()
  const listed = await server.call('GET', path, { token })
  const stream = await open({ 'last-event-id': '0' }).opened()
  await until(() => stream.seqs.length === 1)
  t.deepEqual(stream.events[1]?.data, listed.json.data[0])
  t.deepEqual(
    listEvents.validateResponse(200, 'application/json', {
      data: [stream.events[1]?.data],
      page: { nextCursor: '1', hasMore: false },
    }),
    [],
  )
})

test('without a number the stream begins with what happens next', async (t) => {
  const { append, open, server } = await watch()
  t.teardown(() => server.stop())
  append()
  const stream = await open().opened()
  append()
  numbered(server)
  await until(() => stream.seqs.length === 1)
  t.deepEqual(stream.seqs, [2])
})

test('C3: what is pushed twice has its number, and says the same', async (t) => {
  const { append, open, server } = await watch()
  t.teardown(() => server.stop())
  const live = await open().opened()
  for (let i = 0; i < 3; i++) append()
  numbered(server)
  numbered(server)
  await until(() => live.seqs.length === 3)
  const again = await open({ 'last-event-id': '1' }).opened()
  await until(() => again.seqs.length === 2)
  numbered(server)
  await new Promise((resolve) => setTimeout(resolve, 50))
  t.deepEqual(live.seqs, [1, 2, 3])
  t.deepEqual(again.events.slice(1), live.events.slice(2))
})

test('a number in the query does for clients without headers, and the header is newer', async (t) => {
  const { append, open, server } = await watch()
  t.teardown(() => server.stop())
  for (let i = 0; i < 4; i++) append()
  const byQuery = await open({}, '?after=2').opened()
  const both = await open({ 'last-event-id': '3' }, '?after=1').opened()
  await until(() => byQuery.seqs.length === 2 && both.seqs.length === 1)
  t.deepEqual([byQuery.seqs, both.seqs], [[3, 4], [4]])
})

test('C2: a hint that names organizations reaches their readers, and a lost one heals within a second', async (t) => {
  const { append, open, orgId, server } = await watch()
  t.teardown(() => server.stop())
  const stream = await open().opened()
  append()
  numbered(
    server,
    JSON.stringify([
      ['another organization', '7'],
      [orgId, '1'],
    ]),
  )
  await until(() => stream.seqs.length === 1)

  server.wakeups.deaf = true
  append()
  numbered(server)
  const startedAt = performance.now()
  await until(() => stream.seqs.length === 2)
  t.true(performance.now() - startedAt < 30_000)
  for (const nonsense of ['', '{', '3', '[1]', '[[null]]', 'null']) t.notThrows(() => numbered(server, nonsense))
})

test('who missed too much, or names a number that is not there yet, is told to read anew', async (t) => {
  const { append, open, server } = await watch({ timing: { ...defaultTiming, maxReplay: 3 } })
  t.teardown(() => server.stop())
  for (let i = 0; i < 10; i++) append()
  const far = await open({ 'last-event-id': '6' }).opened()
  const near = await open({ 'last-event-id': '7' }).opened()
  const ahead = await open({ 'last-event-id': '11' }).opened()
  append()
  numbered(server)
  await until(() => far.seqs.length === 1 && near.seqs.length === 4 && ahead.seqs.length === 1)
  t.deepEqual(far.events[1], { id: undefined, event: 'stream.reset', data: { seq: 10, reason: 'too-far-behind' } })
  t.deepEqual(ahead.events[1]?.data, { seq: 10, reason: 'unknown-position' })
  t.deepEqual([far.seqs, near.seqs, ahead.seqs], [[11], [8, 9, 10, 11], [11]])
})

test('a database that goes away and comes back leaves no gap', async (t) => {
  const { append, open, server } = await watch({ timing: { ...defaultTiming, pollMs: 20 } })
  t.teardown(() => server.stop())
  const stream = await open().opened()
  server.feed.away = true
  append()
  numbered(server)
  append()
  await new Promise((resolve) => setTimeout(resolve, 100))
  server.feed.away = false
  await until(() => stream.seqs.length === 2)
  t.deepEqual(stream.seqs, [1, 2])
})

test('a stream that cannot begin is a 503 and takes no place', async (t) => {
  const { open, server } = await watch()
  t.teardown(() => server.stop())
  server.feed.away = true
  for (let i = 0; i < 8; i++) {
    const refused = open()
    await until(() => refused.closed)
    t.is(refused.status, 503)
  }
  server.feed.away = false
  t.is((await open().opened()).status, 200)
})

test('a session has five streams and no more; one that ended makes room', async (t) => {
  const { open, path, server, token } = await watch()
  t.teardown(() => server.stop())
  const streams = await Promise.all(Array.from({ length: 5 }, () => open().opened()))
  const sixth = await server.call('GET', `${path}/stream`, { token })
  t.is(sixth.status, 429)
  t.is(sixth.json.code, 'rate-limited')
  t.truthy(sixth.headers.get('retry-after'))
  streams[0]?.disconnect()
  await until(async () => /sse_connections 4/.test(await server.deps.metrics.metrics()))
  t.is((await open().opened()).status, 200)
})

test('C5: logging out ends the streams of that session at once, and no other', async (t) => {
  const { email, open, orgId, server, token } = await watch()
  t.teardown(() => server.stop())
  const login = await server.call('POST', '/auth/login', { body: { email, password: 'planted-password-0123456789' } })
  const other = await new SseClient(`${server.url}/orgs/${orgId}/events/stream`, {
    authorization: `Bearer ${login.json.accessToken}`,
  }).opened()
  const stream = await open().opened()
  await server.call('POST', '/auth/logout', { token })
  await until(() => stream.closed)
  t.like(stream.events.at(-1), { event: 'stream.goodbye', data: { reason: 'signed-out' } })
  t.false(other.closed)
})

const endings: [what: string, reason: string, make: (own: Awaited<ReturnType<typeof watch>>) => unknown][] = [
  ['the session is ended elsewhere', 'session-ended', ({ server }) => server.sessions.rows.clear()],
  ['the session runs out', 'session-ended', ({ server }) => Object.assign(server.time, { offsetMs: 3_599_999 })],
  ['the membership ends', 'membership-ended', ({ server, userId, orgId }) => server.accounts.leave(userId, orgId)],
]
for (const [what, reason, make] of endings) {
  test(`C5: a stream ends when ${what}, and tells nothing more`, async (t) => {
    t.true(defaultTiming.checkMs < 5_000)
    const own = await watch({ timing: { ...defaultTiming, checkMs: 20, maxAgeMs: 7_200_000 } })
    t.teardown(() => own.server.stop())
    const stream = await own.open().opened()
    make(own)
    await until(() => stream.closed)
    own.append()
    numbered(own.server)
    await new Promise((resolve) => setTimeout(resolve, 50))
    t.like(stream.events.at(-1), { event: 'stream.goodbye', data: { reason } })
    t.deepEqual(stream.seqs, [])
  })
}

test('a stream ends after an hour', async (t) => {
  const { open, server } = await watch({
    timing: { ...defaultTiming, checkMs: 20 },
    config: { sessionTtlMs: 86_400_000 },
  })
  t.teardown(() => server.stop())
  const stream = await open().opened()
  server.time.offsetMs = 3_500_000
  await new Promise((resolve) => setTimeout(resolve, 100))
  t.false(stream.closed)
  server.time.offsetMs = 3_600_000
  await until(() => stream.closed)
  t.like(stream.events.at(-1), { event: 'stream.goodbye', data: { reason: 'max-age' } })
})

test('a session that cannot be looked up is trusted for a minute and no longer', async (t) => {
  const { open, server } = await watch({ timing: { ...defaultTiming, checkMs: 20 } })
  t.teardown(() => server.stop())
  const stream = await open().opened()
  server.sessions.away = true
  server.time.offsetMs = 50_000
  await new Promise((resolve) => setTimeout(resolve, 100))
  t.false(stream.closed)
  server.time.offsetMs = 61_000
  await until(() => stream.closed)
  t.like(stream.events.at(-1), { event: 'stream.goodbye', data: { reason: 'unavailable' } })
})

test('a server that ends says goodbye to everybody, opens no stream and keeps nothing running', async (t) => {
  const { open, path, server, token } = await watch()
  t.teardown(() => server.stop())
  const streams = await Promise.all([open().opened(), open().opened()])
  const startedAt = performance.now()
  await server.app.close()
  t.true(performance.now() - startedAt < 20_000)
  await until(() => streams.every(({ closed }) => closed))
  for (const stream of streams) {
    const last = stream.events.at(-1)
    t.like(last, { event: 'stream.goodbye', data: { reason: 'shutdown' } })
    const { reconnectAfterMs } = last!.data as { reconnectAfterMs: number }
    t.true(reconnectAfterMs >= 1_000 && reconnectAfterMs <= 5_000)
  }
  t.is((await server.call('GET', `${path}/stream`, { token })).status, 503)
  t.is(server.wakeups.listening, 0)
})

test('C4: a reader that does not read is let go, holds up nobody, and loses nothing', async (t) => {
  const { open, orgId, server } = await watch({ timing: { ...defaultTiming, drainTimeoutMs: 1_000 } })
  t.teardown(() => server.stop())
  const [stream, keepsUp] = [await open().opened(), await open().opened()]
  stream.pause()
  // More than the kernel takes for a reader that sleeps.
  const count = 1_500
  const large = aMessageView(orgId, 'a ticket' as TicketId, { content: 'x'.repeat(20_000) })
  for (let i = 0; i < count; i++) server.feed.append(orgId, null, { type: 'message.created', data: large })
  numbered(server)
  await until(() => keepsUp.seqs.length === count)
  await until(async () => /sse_closed_total\{reason="slow"\} 1/.test(await server.deps.metrics.metrics()))
  stream.disconnect()

  const last = stream.seqs.at(-1) ?? 0
  const again = await open({ 'last-event-id': String(last) }).opened()
  await until(() => again.seqs.at(-1) === count)
  t.deepEqual(
    again.seqs,
    Array.from({ length: count - last }, (_, at) => last + 1 + at),
  )
})

test("C6: a stream is for members, and another member's notifications are not in it", async (t) => {
  const { append, memberId, open, server } = await watch()
  t.teardown(() => server.stop())
  append(memberId)
  append(aMemberId())
  append()
  const stream = await open({ 'last-event-id': '0' }).opened()
  await until(() => stream.seqs.length === 2)
  t.deepEqual(stream.seqs, [1, 3])
})

test('C6, S11: no name but that of an organization of one’s own opens a stream, and nobody speaks on one', async (t) => {
  const { orgId, server, token, path } = await watch()
  t.teardown(() => server.stop())
  const foreign = (await server.signUp()).orgId
  const own = orgId.slice(0, 8)
  const names = [
    foreign,
    foreign.toUpperCase(),
    `${orgId},${foreign}`,
    `${orgId}%2C${foreign}`,
    `${own}%25`,
    `${own}.1%25`,
  ]
  const tricks = ['*', '%25', '%2A', '_', 'null', 'all', '%00', `${orgId}%00`, '%2E%2E', `${orgId}%2F..%2F${foreign}`]
  for (const name of [...names, ...tricks]) {
    const answer = await server.call('GET', `/orgs/${name}/events/stream`, { token })
    t.true(answer.status === 404 || answer.status === 400, `${name}: ${answer.status}`)
  }
  server.feed.append(foreign as OrgId)
  for (const query of ['orgId', 'org_id', 'channel', 'topic', 'filter[orgId]']) {
    const stream = await new SseClient(`${server.url}${path}/stream?after=0&${query}=${foreign}`, {
      authorization: `Bearer ${token}`,
      'x-organization-id': foreign,
    }).opened()
    t.deepEqual(stream.seqs, [], query)
    stream.disconnect()
    await until(() => stream.closed)
  }
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
    t.is((await server.call(method, `${path}/stream`, { token, body: { type: 'message.created' } })).status, 405)
})

test('events are read page by page, over those of others too', async (t) => {
  const { append, memberId, path, server, token } = await watch()
  t.teardown(() => server.stop())
  server.feed.scan = 3
  for (let i = 0; i < 20; i++) append([null, memberId, aMemberId(), aMemberId()][i % 4])
  const seen: number[] = []
  for (let link: string | undefined = `${path}?limit=2`; link; ) {
    const page: Awaited<ReturnType<TestServer['call']>> = await server.call('GET', link, { token })
    t.is(page.status, 200, page.text)
    seen.push(...page.json.data.map(({ seq }: { seq: number }) => seq))
    link = /^<([^>]+)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1]
    t.is(page.json.page.hasMore, link !== undefined)
    if (!link) t.is(page.json.page.nextCursor, '20')
  }
  t.deepEqual(seen, server.feed.visibleTo(server.accounts.memberships_[0]!.org.id, memberId))
})
