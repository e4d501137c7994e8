import { existsSync } from 'node:fs'
import test from 'ava'
import { Client } from 'pg'
import { Connection } from 'rabbitmq-client'
import { createClient } from 'redis'
import { processesOn, waitFor } from '../../support/processes.ts'
import { testUnless } from '../../support/test-unless.ts'
import { createCluster, whyNoCluster } from './cluster.ts'

const cluster = createCluster()
test.after.always(() => cluster.close())

async function ask(url: string, sql: string, patienceMs = 5_000): Promise<unknown> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: patienceMs, query_timeout: patienceMs })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows[0]?.[0]
  } finally {
    // In a black hole a farewell would wait for ever.
    await Promise.race([client.end(), new Promise((resolve) => setTimeout(resolve, 100))])
  }
}

testUnless(
  whyNoCluster(['postgres']),
  'PostgreSQL is durable, keeps what was committed when it is killed, and can be stopped and cut off',
  async (t) => {
    t.timeout(120_000)
    const postgres = await cluster.postgres()
    t.is(await cluster.postgres(), postgres)
    t.not(new URL(postgres.url).port, new URL(postgres.directUrl).port)
    for (const name of ['fsync', 'synchronous_commit', 'full_page_writes']) {
      t.is(await ask(postgres.url, `show ${name}`), 'on')
    }
    await ask(postgres.url, 'create table kept as select 41 + 1 as answer')

    await postgres.kill()
    await t.throwsAsync(ask(postgres.url, 'select 1'), { code: 'ECONNREFUSED' })
    await postgres.start()
    t.is(await ask(postgres.url, 'select answer from kept'), 42)

    postgres.pause()
    await t.throwsAsync(ask(postgres.url, 'select 1', 500))
    postgres.resume()
    await waitFor(async () => (await ask(postgres.url, 'select answer from kept')) === 42)

    postgres.proxy.set('response', { kind: 'black-hole' })
    await t.throwsAsync(ask(postgres.url, 'select 1', 500))
    t.is(await ask(postgres.directUrl, 'select answer from kept'), 42)
    const { url, proxy } = await postgres.another()
    t.is(await ask(url, 'select answer from kept'), 42)
    await proxy.refuse()
    await cluster.heal()
    t.is(await ask(postgres.url, 'select answer from kept'), 42)
    t.is(await ask(url, 'select answer from kept'), 42)
  },
)

testUnless(
  whyNoCluster(['postgres']),
  'a database of the cluster is migrated, and processes log in to it',
  async (t) => {
    const { url, directAdminUrl } = await cluster.database()
    t.is(await ask(url, 'select session_user::text'), 'dc_login')
    t.true(Number(await ask(directAdminUrl, 'select count(*)::int from pg_class where relname = $$messages$$')) > 0)
  },
)

testUnless(whyNoCluster(['redis']), 'Redis keeps what it was told when it is killed', async (t) => {
  const redis = await cluster.redis()
  const connected = () =>
    createClient({ url: redis.url })
      .on('error', () => {})
      .connect()
  const client = await connected()
  await client.set('kept', '42')
  client.destroy()
  await redis.kill()
  await redis.start()
  const later = await connected()
  t.is(await later.get('kept'), '42')
  later.destroy()
})

testUnless(whyNoCluster(['rabbit']), 'RabbitMQ says that it is blocked while an alarm is raised', async (t) => {
  t.timeout(120_000)
  const rabbit = await cluster.rabbit()
  const connection = new Connection({ url: rabbit.url })
  const told: string[] = []
  connection.on('error', () => {})
  connection.on('connection.blocked', () => told.push('blocked'))
  connection.on('connection.unblocked', () => told.push('unblocked'))
  await connection.onConnect(10_000)
  const publisher = connection.createPublisher({ confirm: true })
  for (const kind of ['disk', 'memory'] as const) {
    told.length = 0
    const clear = await rabbit.alarm(kind)
    // It tells whoever publishes.
    void publisher.send({ routingKey: 'nobody' }, 'x').catch(() => {})
    await waitFor(() => told.includes('blocked'))
    await clear()
    await waitFor(() => told.includes('unblocked'))
  }
  t.regex(await rabbit.ctl('list_connections', 'user'), /guest/)
  connection.unsafeDestroy()
})

testUnless(whyNoCluster(['postgres']), 'a closed cluster leaves nothing', async (t) => {
  const own = createCluster()
  const postgres = await own.postgres()
  const folder = String(await ask(postgres.directUrl, 'show data_directory'))
  // Not even one that is stopped.
  postgres.pause()
  await own.close()
  await own.close()
  t.false(existsSync(folder))
  t.deepEqual(processesOn(folder), [])
})
