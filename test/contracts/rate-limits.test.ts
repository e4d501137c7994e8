import { randomBytes } from 'node:crypto'
import test from 'ava'
import { createRateLimits } from '../../src/adapters/http/rate-limits.ts'
import { connectRedis } from '../../src/adapters/http/redis.ts'
import { until } from '../adapters/http/support/until.ts'
import { needs } from '../adapters/messaging/needs.ts'
import { RecordingLog } from '../fakes/recording-log.ts'
import { rateLimitsContract } from './rate-limits.contract.ts'

rateLimitsContract(test, { name: 'in this process', make: async () => createRateLimits(null) })

if (needs(test, 'limits in Redis keep the contract', ['TEST_REDIS_URL'])) {
  const prefix = `delightchat-test-${randomBytes(6).toString('hex')}`
  const redis = connectRedis(process.env['TEST_REDIS_URL'] ?? '', new RecordingLog())
  let made = 0
  test.before(() => until(() => redis.client.isReady))
  test.after.always(async () => {
    const keys = await redis.client.keys(`${prefix}*`)
    if (keys.length > 0) await redis.client.del(keys)
    await redis.close()
  })
  rateLimitsContract(test, { name: 'Redis', make: async () => createRateLimits(redis, `${prefix}:${made++}`) })
}
