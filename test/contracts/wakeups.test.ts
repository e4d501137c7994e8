import test from 'ava'
import { createWakeups } from '../../src/adapters/messaging/wakeups.ts'
import { connectionConfig } from '../../src/adapters/persistence/connection.ts'
import { quietLog } from '../adapters/messaging/quiet.ts'
import { FakeWakeups } from '../fakes/fake-feed.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { wakeupsContract } from './wakeups.contract.ts'

wakeupsContract(test, {
  name: 'in memory',
  make: async () => ({ wakeups: new FakeWakeups(), stop: async () => {} }),
})

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())
  wakeupsContract(test, {
    name: `PostgreSQL (${profile})`,
    async make() {
      const wakeups = createWakeups({ connection: connectionConfig(db.target), log: quietLog })
      await wakeups.start()
      return { wakeups, stop: () => wakeups.stop() }
    },
  })
})
