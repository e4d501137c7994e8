import { randomUUID } from 'node:crypto'
import test from 'ava'
import { createPostgresJobs } from '../../../src/adapters/messaging/postgres-jobs.ts'
import { createPostgresQueue } from '../../../src/adapters/messaging/postgres-queue.ts'
import { createListeners } from '../../../src/adapters/messaging/wakeup-listeners.ts'
import type { Job } from '../../../src/ports/job-queue.ts'
import type { Wakeups } from '../../../src/ports/wakeups.ts'
import { needs } from './needs.ts'
import { lostWakeups, quietLog, systemClock, until } from './quiet.ts'
import { type ScratchDatabase, scratchDatabase } from './scratch-database.ts'

/** What could not be settled in time on a busy machine comes again when its lease ends. */
const LEASE_AND_MORE_MS = 90_000

if (needs(test, 'internal jobs', ['TEST_DATABASE_URL'])) {
  let database: ScratchDatabase
  test.before(async () => {
    database = await scratchDatabase()
  })
  test.after.always(() => database.drop())
  test.beforeEach(() => database.sql('truncate jobs').then(() => undefined))

  const jobsWith = (wakeups: Wakeups = lostWakeups, maxAttempts = 10) => {
    const queue = createPostgresQueue({ pool: database.pool('dc_system'), clock: systemClock, log: quietLog, wakeups })
    const jobs = createPostgresJobs({ queue, wakeups, log: quietLog, maxAttempts })
    running.push(jobs)
    return jobs
  }
  /** So that those of a test that failed do not take the next one's. */
  const running: ReturnType<typeof createPostgresJobs>[] = []
  test.afterEach.always(() => Promise.all(running.splice(0).map((jobs) => jobs.stop())).then(() => undefined))
  /** As the owner of a unit of work does it, in its own transaction. */
  const insert = (payload: unknown) =>
    database.sql(`insert into jobs (id, queue, payload) values ($1, 'profile-lookup', $2)`, [
      randomUUID(),
      Buffer.from(JSON.stringify(payload)),
    ])
  const states = () => database.sql('select state, attempt, reason from jobs')

  test.serial('B19: a job of a newer version waits for a worker that knows it', async (t) => {
    await insert({ version: 2, shape: 'we do not know' })
    await insert({ version: 1 })
    const got: unknown[] = []
    const jobs = jobsWith()
    await jobs.start(
      'profile-lookup',
      async ({ payload }) => {
        got.push(payload)
        return { status: 'done' }
      },
      { concurrency: 2 },
    )
    // The other one's row goes a moment after it was handled.
    await until(async () => {
      const [waiting, ...others] = await states()
      return waiting?.['reason'] === 'of a newer version' && others.length === 0
    })
    t.deepEqual(got, [{ version: 1 }])
    t.like(await states(), [{ state: 'READY', attempt: 0 }])
  })

  test.serial('jobs inserted by dc_app are done, so many at once, and are gone then', async (t) => {
    const app = database.pool('dc_app', 1)
    for (let index = 0; index < 20; index++) {
      await app.query(`insert into jobs (id, queue, payload) values ($1, 'profile-lookup', $2)`, [
        randomUUID(),
        Buffer.from(JSON.stringify({ index })),
      ])
    }
    const jobs = jobsWith()
    const got: Job[] = []
    let active = 0
    let most = 0
    await jobs.start(
      'profile-lookup',
      async (job) => {
        most = Math.max(most, ++active)
        await new Promise((resolve) => setTimeout(resolve, 10))
        active -= 1
        got.push(job)
        return { status: 'done' }
      },
      { concurrency: 3 },
    )
    await until(async () => (await states()).length === 0, LEASE_AND_MORE_MS)
    await jobs.stop()
    t.is(most, 3)
    t.deepEqual(
      got.map(({ payload }) => payload['index'] as number).sort((a, b) => a - b),
      [...Array(20).keys()],
    )
    t.true(got.every(({ attempt, queue }) => attempt === 1 && queue === 'profile-lookup'))
  })

  test.serial('a retry comes after its delay, and is dead when the attempts are used up', async (t) => {
    await insert({})
    const jobs = jobsWith(lostWakeups, 3)
    const times: number[] = []
    await jobs.start(
      'profile-lookup',
      async ({ attempt }) => {
        times.push(performance.now())
        return { status: 'retry', afterMs: 400, reason: `not yet ${attempt}` }
      },
      { concurrency: 1 },
    )
    await until(async () => (await states())[0]?.['state'] === 'DEAD', LEASE_AND_MORE_MS)
    await jobs.stop()
    t.is(times.length, 3)
    t.true(
      times.slice(1).every((at, index) => at - (times[index] ?? 0) >= 390),
      `${times}`,
    )
    t.deepEqual(await states(), [{ state: 'DEAD', attempt: 3, reason: 'not yet 3' }])
  })

  test.serial('dead at once, unreadable, or thrown: each with its reason', async (t) => {
    await insert({ which: 'dead' })
    await insert({ which: 'throws' })
    await insert(['no object'])
    const jobs = jobsWith()
    await jobs.start(
      'profile-lookup',
      async ({ payload }) => {
        if (payload['which'] === 'throws') throw new Error('a bug')
        return { status: 'dead', reason: 'gone for good' }
      },
      { concurrency: 5 },
    )
    await until(async () => (await states()).every(({ reason }) => reason !== null), LEASE_AND_MORE_MS)
    await jobs.stop()
    t.deepEqual((await states()).map(({ state, reason }) => `${state} ${reason}`).sort(), [
      'DEAD gone for good',
      'DEAD the payload is not a JSON object',
      'READY Error: a bug',
    ])
  })

  test.serial('a wake-up brings a job at once', async (t) => {
    const listeners = createListeners(quietLog)
    const jobs = jobsWith({ wake: listeners.call, on: listeners.add })
    const took: number[] = []
    let insertedMs = 0
    await jobs.start(
      'profile-lookup',
      async () => {
        took.push(performance.now() - insertedMs)
        return { status: 'done' }
      },
      { concurrency: 1 },
    )
    for (let index = 0; index < 5; index++) {
      // Without one the next look is half a second away, and mostly more.
      await new Promise((resolve) => setTimeout(resolve, 900))
      await insert({})
      insertedMs = performance.now()
      listeners.call('jobs', 'profile-lookup')
      await until(() => took.length === index + 1)
    }
    await jobs.stop()
    t.true((took.sort((a, b) => a - b)[2] ?? 1_000) < 450, `${took}`)
  })

  test.serial('stop waits for the running job and leaves the others', async (t) => {
    for (let index = 0; index < 5; index++) await insert({})
    const jobs = jobsWith()
    let began = 0
    let ended = 0
    await jobs.start(
      'profile-lookup',
      async () => {
        began += 1
        await new Promise((resolve) => setTimeout(resolve, 200))
        ended += 1
        return { status: 'done' }
      },
      { concurrency: 1 },
    )
    await until(() => began === 1)
    await jobs.stop()
    t.is(ended, began)
    t.is((await states()).filter(({ state }) => state === 'READY').length, 5 - ended)
    t.is((await states()).length, 5 - ended)
  })
}
