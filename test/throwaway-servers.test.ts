import { existsSync, statSync } from 'node:fs'
import { Client } from 'pg'
import { createClient } from 'redis'
import { testUnless } from './support/test-unless.ts'
import { throwawayPostgres, whyNoPostgres } from './support/throwaway-postgres.ts'
import { throwawayRedis, whyNoRedis } from './support/throwaway-redis.ts'

async function fromPostgres(url: string, sql: string): Promise<unknown> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows[0]?.[0]
  } finally {
    await client.end()
  }
}

testUnless(
  whyNoPostgres(),
  'a throwaway PostgreSQL asks its superuser for the password, is not run by root, and leaves nothing',
  async (t) => {
    const server = await throwawayPostgres()
    t.teardown(server.dispose)
    t.is(await fromPostgres(server.url, 'select current_user::text'), 'postgres')
    t.not(new URL(server.url).port, '5432')
    await t.throwsAsync(fromPostgres(server.url.replace(/:\w+@/, ':wrong@'), 'select 1'), { code: '28P01' })

    const folder = String(await fromPostgres(server.url, 'show data_directory'))
    t.not(statSync(folder).uid, 0)
    await server.dispose()
    await t.throwsAsync(fromPostgres(server.url, 'select 1'), { code: 'ECONNREFUSED' })
    t.false(existsSync(folder))
    await server.dispose()
  },
)

testUnless(whyNoRedis(), 'a throwaway Redis asks for the password, and leaves nothing', async (t) => {
  const server = await throwawayRedis()
  t.teardown(server.dispose)
  const client = await createClient({ url: server.url }).connect()
  const folder = (await client.configGet('dir'))['dir'] ?? ''
  t.true(existsSync(folder))
  client.destroy()

  const stranger = createClient({ url: server.url.replace(/:\w+@/, ':wrong@'), socket: { reconnectStrategy: false } })
  stranger.on('error', () => {})
  await t.throwsAsync(stranger.connect(), { message: /WRONGPASS/ })
  stranger.destroy()

  await server.dispose()
  t.false(existsSync(folder))
  await server.dispose()
})
