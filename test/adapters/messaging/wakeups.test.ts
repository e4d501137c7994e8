import test from 'ava'
import { createWakeups } from '../../../src/adapters/messaging/wakeups.ts'
import { needs } from './needs.ts'
import { quietLog, until } from './quiet.ts'
import { type ScratchDatabase, scratchDatabase } from './scratch-database.ts'

test('without a server listeners of the same process are called, and stop ends', async (t) => {
  const wakeups = createWakeups({ connection: { host: '127.0.0.1', port: 1 }, log: quietLog })
  await wakeups.start()
  const got: (string | undefined)[] = []
  const silence = wakeups.on('jobs', (payload) => got.push(payload))
  wakeups.on('jobs', () => {
    throw new Error('one listener fails')
  })
  wakeups.on('jobs', (payload) => got.push(payload))
  wakeups.wake('jobs', 'inbound')
  silence()
  wakeups.wake('jobs')
  t.deepEqual(got, ['inbound', 'inbound', undefined])
  await wakeups.stop()
})

if (needs(test, 'wake-ups between processes', ['TEST_DATABASE_URL'])) {
  let database: ScratchDatabase
  test.before(async () => {
    database = await scratchDatabase()
  })
  test.after.always(() => database.drop())
  const two = async () => {
    const pair = [0, 1].map(() => createWakeups({ connection: database.as('dc_system'), log: quietLog }))
    const [here, there] = pair
    if (here === undefined || there === undefined) throw new Error()
    await Promise.all(pair.map((one) => one.start()))
    return { here, there, stop: () => Promise.all(pair.map((one) => one.stop())) }
  }

  test.serial('another process is woken once for many, with every payload, and not by itself', async (t) => {
    const { here, there, stop } = await two()
    const got: string[] = []
    const own: string[] = []
    there.on('jobs', (payload) => got.push(payload ?? ''))
    here.on('jobs', (payload) => own.push(payload ?? ''))
    for (let index = 0; index < 1_000; index++) here.wake('jobs', index % 2 ? 'inbound' : 'profile-lookup')
    await until(() => got.length >= 2)
    await new Promise((resolve) => setTimeout(resolve, 100))
    t.deepEqual(got.sort(), ['inbound', 'profile-lookup'])
    t.is(own.length, 1_000)
    await stop()
  })

  test.serial('too much at once says only that something is there', async (t) => {
    const { here, there, stop } = await two()
    const got: (string | undefined)[] = []
    there.on('events-numbered', (payload) => got.push(payload))
    for (let index = 0; index < 3_000; index++) here.wake('events-numbered', `payload ${index}`)
    await until(() => got.length > 0)
    t.deepEqual(got, [undefined])
    for (let index = 0; index < 4; index++) here.wake('events-numbered', `${index}`.repeat(3_900))
    await until(() => got.length === 5)
    t.deepEqual(
      got.slice(1).map((payload) => payload?.length),
      [3_900, 3_900, 3_900, 3_900],
    )
    await stop()
  })

  test.serial(
    'C2: a lost connection comes back, and listeners are called, for something may have been missed',
    async (t) => {
      const { here, there, stop } = await two()
      let calls = 0
      there.on('sends', () => (calls += 1))
      t.is(await database.kill(`query ilike 'listen%' or query ilike 'select pg_notify%'`), 2)
      await until(() => calls > 0)
      const before = calls
      await until(() => {
        here.wake('sends')
        return calls > before
      })
      await stop()
      t.is(
        (
          await database.sql(
            `select 1 from pg_stat_activity where datname = current_database() and query ilike 'listen%'`,
          )
        ).length,
        0,
      )
    },
  )
}
