import { randomBytes } from 'node:crypto'
import type { ExecutionContext } from 'ava'
import { type Profile, testDatabase } from './database.ts'
import { deleteQueues } from './rabbit-queues.ts'

/** The settings by which the whole program runs on a profile, with a database and queues of its own that go with the test. */
export async function profileSettings(
  t: Pick<ExecutionContext, 'teardown'>,
  profile: Profile,
  name: string,
): Promise<Readonly<Record<string, string>>> {
  if (profile === 'embedded') return {}
  const database = await testDatabase('services')
  t.teardown(() => database.close())
  const prefix = `${name}-${randomBytes(4).toString('hex')}`
  const rabbit = process.env['TEST_RABBITMQ_URL'] ?? ''
  t.teardown(() => deleteQueues(rabbit, prefix))
  return {
    DATABASE_URL: database.url,
    DATABASE_ADMIN_URL: database.adminUrl,
    RABBITMQ_URL: rabbit,
    REDIS_URL: process.env['TEST_REDIS_URL'] ?? '',
    SERVICES_PREFIX: prefix,
  }
}
