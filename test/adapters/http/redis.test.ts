import { randomBytes, randomUUID } from 'node:crypto'
import test from 'ava'
import { loadContract } from '../../../src/adapters/http/contract.ts'
import { createRateLimits } from '../../../src/adapters/http/rate-limits.ts'
import { connectRedis, createRedisSessions } from '../../../src/adapters/http/redis.ts'
import { RecordingLog } from '../../fakes/recording-log.ts'
import { needs } from '../messaging/needs.ts'
import { PASSWORD, startHttp } from './support/http-server.ts'
import { startTcpProxy } from './support/tcp-proxy.ts'
import { until } from './support/until.ts'

const url = process.env['TEST_REDIS_URL'] ?? ''

if (needs(test, 'sessions and limits in Redis', ['TEST_REDIS_URL'])) {
  const prefix = `delightchat-test-${randomBytes(6).toString('hex')}`
  const redis = connectRedis(url, new RecordingLog())
  test.before(() => until(() => redis.client.isReady))
  test.after.always(async () => {
    const keys = await redis.client.keys(`${prefix}*`)
    if (keys.length > 0) await redis.client.del(keys)
    await redis.close()
  })
  const overRedis = (name: string, connection = redis) => ({
    sessions: createRedisSessions(connection, `${prefix}:${name}:session:`),
    rateLimits: createRateLimits(connection, `${prefix}:${name}:limit`),
  })
  const sessionKeys = (name: string) => redis.client.keys(`${prefix}:${name}:session:*`)

  test('a session lives in Redis until it is logged out, under the hash of its id and with an end', async (t) => {
    const server = await startHttp({ deps: overRedis('life') })
    t.teardown(() => server.stop())
    const { cookie, token } = await server.signUp('redis-1@example.com')
    t.is((await server.call('GET', '/auth/me', { token })).status, 200)
    t.is((await server.call('GET', '/auth/me', { headers: { cookie } })).status, 200)

    const keys = await sessionKeys('life')
    t.deepEqual(keys.map((key) => key.replace(/[0-9a-f-]{36,64}$/, '…').split(':session:')[1]).toSorted(), [
      'of:…',
      '…',
    ])
    t.true(keys.some((key) => /:[0-9a-f]{64}$/.test(key)))
    for (const key of keys) {
      const ttl = await redis.client.ttl(key)
      t.true(ttl > 3_500 && ttl <= 3_600)
      const kept = key.includes(':of:') ? await redis.client.sMembers(key) : await redis.client.get(key)
      t.false(JSON.stringify(kept).includes(token))
    }
    await server.call('POST', '/auth/logout', { token })
    t.is((await server.call('GET', '/auth/me', { headers: { cookie } })).status, 401)
  })

  test('another process knows the session, and counts wrong passwords together with this one', async (t) => {
    const [here, there] = [await startHttp({ deps: overRedis('two') }), await startHttp({ deps: overRedis('two') })]
    t.teardown(() => Promise.all([here.stop(), there.stop()]))
    const { email, orgId, token, userId } = await here.signUp('redis-2@example.com')
    there.accounts.people.set(userId, here.accounts.people.get(userId)!)
    there.accounts.memberships_.push(...here.accounts.memberships_)
    t.is((await there.call('GET', `/orgs/${orgId}/tickets`, { token })).status, 200)

    const body = { email, password: 'wrong-password' }
    const statuses: number[] = []
    for (let i = 0; i < 11; i++)
      statuses.push((await [here, there][i % 2]!.call('POST', '/auth/login', { body })).status)
    t.deepEqual(statuses, [...Array<number>(10).fill(401), 429])
  })

  test('a new password ends what was signed in before it, though Redis still has the session', async (t) => {
    const server = await startHttp({ deps: overRedis('password') })
    t.teardown(() => server.stop())
    const { email, token, userId } = await server.signUp('redis-5@example.com')
    server.accounts.since.set(userId, new Date(Date.now() + 1))
    t.is((await server.call('GET', '/auth/me', { token })).status, 401)
    t.not((await sessionKeys('password')).length, 0)
    server.time.offsetMs = 10
    const again = await server.call('POST', '/auth/login', { body: { email, password: PASSWORD } })
    t.is((await server.call('GET', '/auth/me', { token: again.json.accessToken })).status, 200)
  })

  test('S65: everybody is signed out when Redis was emptied, and nobody sees an error', async (t) => {
    const server = await startHttp({ deps: overRedis('emptied') })
    t.teardown(() => server.stop())
    const { token } = await server.signUp('redis-3@example.com')
    await redis.client.del(await sessionKeys('emptied'))
    t.is((await server.call('GET', '/auth/me', { token })).status, 401)
  })

  // Whatever the routes of an organization are asked for, they ask for the session first.
  const needSession = loadContract().operations.filter(({ template }) => template.startsWith('/orgs/'))

  test('D6, S57, S65: while Redis is away or silent it is 503 and not 401, limits go on here, and it comes back by itself', async (t) => {
    const proxy = await startTcpProxy(url)
    const log = new RecordingLog()
    const connection = connectRedis(proxy.url, log)
    const server = await startHttp({ deps: overRedis('away', connection) })
    t.teardown(async () => {
      await server.stop()
      await connection.close()
      await proxy.close()
    })
    await until(() => connection.client.isReady)
    const { email, token } = await server.signUp('redis-4@example.com')
    await t.notThrowsAsync(connection.ping())

    for (const trouble of ['cut', 'silence'] as const) {
      proxy[trouble]()
      const startedAt = performance.now()
      const answer = await server.call('GET', '/auth/me', { token })
      t.is(answer.status, 503, trouble)
      t.is(answer.json.code, 'unavailable')
      t.true(performance.now() - startedAt < 30_000)
      t.true(needSession.length > 20)
      const answers = await Promise.all(
        needSession.map(({ method, template }) =>
          server.call(
            method.toUpperCase(),
            template.replace(/\{\w+\}/g, () => randomUUID()),
            { token },
          ),
        ),
      )
      for (const [index, { status, json, headers }] of answers.entries())
        t.deepEqual(
          [status, json.code, headers.get('retry-after')],
          [503, 'unavailable', '5'],
          needSession[index]?.operationId,
        )
      t.is((await server.call('GET', '/healthz')).status, 200)
      const limits = createRateLimits(connection, `${prefix}:${trouble}:limit`)
      const tries = Array.from({ length: 11 }, () => limits.takeLogin('somebody@example.com', '203.0.113.1'))
      t.is((await Promise.all(tries)).filter(({ waitSeconds }) => waitSeconds > 0).length, 1, 'counted here meanwhile')
      proxy.heal()
      await until(async () => (await server.call('GET', '/auth/me', { token })).status === 200)
    }
    t.is((await server.call('POST', '/auth/login', { body: { email, password: PASSWORD } })).status, 200)
    t.true(log.of('warn').length >= 1 && log.of('info').includes('Redis is back'))
  })
}
