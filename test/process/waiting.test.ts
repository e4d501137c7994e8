import { randomUUID } from 'node:crypto'
import test from 'ava'
import { needs } from '../adapters/messaging/needs.ts'
import { createTcpProxy } from '../faults/harness/tcp-proxy.ts'
import { type BegunApplication, beginApplication } from '../support/application.ts'
import { testDatabase } from '../support/database.ts'
import { waitFor } from '../support/processes.ts'
import { deleteQueues } from '../support/rabbit-queues.ts'

const SERVERS = ['TEST_DATABASE_URL', 'TEST_RABBITMQ_URL', 'TEST_REDIS_URL'] as const

const readiness = async ({ url }: BegunApplication) => {
  const answer = await fetch(`${url}/readyz`)
  const { checks } = (await answer.json()) as { checks: Readonly<Record<string, { ok: boolean }>> }
  const missing = Object.entries(checks).flatMap(([name, { ok }]) => (ok ? [] : [name]))
  return `${answer.status} ${missing.sort().join(' ')}`.trim()
}

const told = ({ log }: BegunApplication, pattern: RegExp) => log.of('warn').filter((line) => pattern.test(line)).length

if (needs(test, 'X1', SERVERS)) {
  test('X1: a process that starts while its servers are away is alive, names what it waits for, and goes on as each comes back', async (t) => {
    t.timeout(240_000)
    const database = await testDatabase('services')
    t.teardown(() => database.close())
    const prefix = `waiting-${randomUUID().slice(0, 8)}`
    const rabbitUrl = process.env['TEST_RABBITMQ_URL'] ?? ''
    t.teardown(() => deleteQueues(rabbitUrl, prefix))
    const away = async (address: string, defaultPort: number) => {
      const url = new URL(address)
      const proxy = await createTcpProxy({ target: Number(url.port || defaultPort) })
      t.teardown(() => proxy.close())
      await proxy.refuse()
      url.port = String(proxy.port)
      return { url: url.href, proxy }
    }
    const postgres = await away(database.url, 5432)
    const rabbit = await away(rabbitUrl, 5672)
    const redis = await away(process.env['TEST_REDIS_URL'] ?? '', 6379)
    const given = {
      DATABASE_URL: postgres.url,
      RABBITMQ_URL: rabbit.url,
      REDIS_URL: redis.url,
      SERVICES_PREFIX: prefix,
    }
    const api = await beginApplication(t, ['api'], given)
    const worker = await beginApplication(t, ['inbound', 'relay'], given)
    const both = [api, worker]

    for (const one of both) {
      await waitFor(async () => (await readiness(one)) === '503 database', 60_000)
      t.is((await fetch(`${one.url}/healthz`)).status, 200)
    }
    const delivery = await fetch(`${api.url}/webhook/${randomUUID()}`, { method: 'POST', body: '{}' })
    t.is(delivery.status, 503)
    t.is(delivery.headers.get('content-type'), 'application/problem+json')
    t.true(Number(delivery.headers.get('retry-after')) > 0)
    // It tries while this goes on, and does not tell of each try.
    const tries = async () => postgres.proxy.taken()
    await postgres.proxy.accept()
    await waitFor(async () => (await tries()) > 0, 60_000)

    // The database stands in for the broker, and Redis is none of the webhooks' business; a worker needs all it has.
    await waitFor(async () => (await readiness(api)) === '200 broker redis', 120_000)
    await waitFor(async () => (await readiness(worker)) === '503 broker redis', 120_000)
    for (const one of both) {
      await one.started
      t.is(told(one, /^waiting for the database$/), 1)
    }

    await Promise.all([rabbit.proxy.accept(), redis.proxy.accept()])
    for (const one of both) {
      await waitFor(async () => (await readiness(one)) === '200', 120_000)
      // Each of the two connections.
      t.is(told(one, /^the broker is away/), 2)
      t.is(told(one, /^Redis is away/), 1)
    }
  })

  test('X1: a process whose database vanishes after it was opened waits for it too', async (t) => {
    t.timeout(120_000)
    const database = await testDatabase('services')
    t.teardown(() => database.close())
    const url = new URL(database.url)
    const proxy = await createTcpProxy({ target: Number(url.port || 5432) })
    t.teardown(() => proxy.close())
    url.port = String(proxy.port)
    // Nothing is left to be asked then but whether it is the only one that serves.
    const vanish = (line: string) => void (line === 'Starting the roles' && proxy.refuse())
    const api = await beginApplication(t, ['api'], { DATABASE_URL: url.href }, vanish)
    await waitFor(() => told(api, /^waiting for the database$/) === 1, 60_000)
    t.is((await fetch(`${api.url}/healthz`)).status, 200)
    await proxy.accept()
    await t.notThrowsAsync(api.started)
    await waitFor(async () => (await readiness(api)) === '200', 60_000)
  })
}

test('X1: one that waits can be told to end', async (t) => {
  const nowhere = await beginApplication(t, ['relay'], { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing' })
  await waitFor(() => told(nowhere, /^waiting for the database$/) === 1)
  await nowhere.end()
  await t.throwsAsync(nowhere.started)
  await t.throwsAsync(fetch(`${nowhere.url}/healthz`))
})
