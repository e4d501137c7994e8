import { randomBytes, randomUUID } from 'node:crypto'
import test from 'ava'
import { connectRedis, createRedisSessions } from '../../src/adapters/http/redis.ts'
import { createSessionRecords } from '../../src/adapters/persistence/session-store.ts'
import { until } from '../adapters/http/support/until.ts'
import { needs } from '../adapters/messaging/needs.ts'
import { MemorySessions } from '../fakes/memory-sessions.ts'
import { RecordingLog } from '../fakes/recording-log.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { seedOrganization } from '../support/seed.ts'
import { sessionRecordsContract } from './session-records.contract.ts'

sessionRecordsContract(test, {
  name: 'in memory',
  make: async () => new MemorySessions(),
  person: async () => randomUUID(),
})

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())
  sessionRecordsContract(test, {
    name: `PostgreSQL (${profile})`,
    make: async () => createSessionRecords({ pool: db.systemPool() }),
    person: async () => (await seedOrganization(db.orm())).userId,
  })
})

if (needs(test, 'sessions in Redis keep the contract', ['TEST_REDIS_URL'])) {
  const prefix = `delightchat-test-${randomBytes(6).toString('hex')}:`
  const redis = connectRedis(process.env['TEST_REDIS_URL'] ?? '', new RecordingLog())
  test.before(() => until(() => redis.client.isReady))
  test.after.always(async () => {
    const keys = await redis.client.keys(`${prefix}*`)
    if (keys.length > 0) await redis.client.del(keys)
    await redis.close()
  })
  sessionRecordsContract(test, {
    name: 'Redis',
    make: async () => createRedisSessions(redis, prefix),
    person: async () => randomUUID(),
  })
}
