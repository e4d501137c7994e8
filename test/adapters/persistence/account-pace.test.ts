import test from 'ava'
import { createAccountPace } from '../../../src/adapters/persistence/account-pace.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../../support/database.ts'

const EVERY_MS = 100

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())

  test(`${profile}: the calls for an account are apart, whichever process makes them; another account's wait for none`, async (t) => {
    const paces = [createAccountPace(db.systemPool({ size: 2 })), createAccountPace(db.systemPool({ size: 2 }))]
    const { signal } = new AbortController()
    const account = { platform: 'INSTAGRAM', account: 'one' }
    const began = performance.now()
    await Promise.all([0, 1, 2, 3, 4].map((index) => paces[index % 2]?.turn(account, EVERY_MS, signal)))
    t.true(performance.now() - began >= 4 * EVERY_MS - 5)
    await paces[0]?.postpone(account, 3_600_000)
    await paces[1]?.turn({ ...account, account: 'other' }, EVERY_MS, signal)
    // Whoever stops waits no longer.
    await paces[1]?.turn(account, EVERY_MS, AbortSignal.abort())
  })
})
