import { randomUUID } from 'node:crypto'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import test from 'ava'
import pg from 'pg'
import { createPostgresIntake, createPostgresSource } from '../../../src/adapters/messaging/postgres-intake.ts'
import { createPostgresQueue, type NewJob } from '../../../src/adapters/messaging/postgres-queue.ts'
import { Unavailable } from '../../../src/core/errors.ts'
import { aChannel, aDelivery } from '../../contracts/webhook-intake.contract.ts'
import { needs } from './needs.ts'
import { lostWakeups, quietLog, systemClock, until } from './quiet.ts'
import { type ScratchDatabase, scratchDatabase } from './scratch-database.ts'

const queueOver = (pool: pg.Pool) =>
  createPostgresQueue({ pool, clock: systemClock, log: quietLog, wakeups: lostWakeups })
const aJob = (over: Partial<NewJob> = {}): NewJob => ({
  id: randomUUID(),
  queue: 'work',
  payload: Buffer.from('x'),
  ...over,
})

test('is nobody listening, enqueue is Unavailable', async (t) => {
  const pool = new pg.Pool({ host: '127.0.0.1', port: 1, user: 'x', database: 'x' })
  const queue = queueOver(pool)
  const results = await Promise.allSettled(Array.from({ length: 100 }, () => queue.enqueue(aJob())))
  t.true(results.every((result) => result.status === 'rejected' && result.reason instanceof Unavailable))
  await pool.end()
})

test('a server that takes the connection and says nothing is Unavailable within two seconds', async (t) => {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => void sockets.add(socket.on('error', () => {})))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const pool = new pg.Pool({
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    user: 'x',
    database: 'x',
  })
  pool.on('error', () => {})
  const queue = queueOver(pool)
  const startMs = performance.now()
  const results = await Promise.allSettled(Array.from({ length: 500 }, () => queue.enqueue(aJob())))
  t.true(results.every((result) => result.status === 'rejected' && result.reason instanceof Unavailable))
  t.true(performance.now() - startMs < 10_000)
  for (const socket of sockets) socket.destroy()
  server.close()
})

test('a pooler that cannot reach its server is Unavailable: the delivery comes again', async (t) => {
  // As PgBouncer says it: a protocol violation, the class that a NUL in a text has too.
  const fields = Buffer.from('SFATAL\0C08P01\0Mserver login failed: FATAL the database system is away\0\0')
  const head = Buffer.alloc(5)
  head.write('E')
  head.writeInt32BE(fields.length + 4, 1)
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(Buffer.concat([head, fields])))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const pool = new pg.Pool({ host: '127.0.0.1', port, user: 'x', database: 'x' })
  t.teardown(async () => {
    await pool.end()
    server.close()
  })
  await t.throwsAsync(queueOver(pool).enqueue(aJob()), { instanceOf: Unavailable })
})

if (needs(test, 'queue on PostgreSQL', ['TEST_DATABASE_URL'])) {
  let database: ScratchDatabase
  test.before(async () => {
    database = await scratchDatabase()
  })
  test.after.always(() => database.drop())
  test.beforeEach(() => database.sql('truncate jobs').then(() => undefined))
  const states = () => database.sql('select state, attempt, reason from jobs order by id')

  test.serial('of 500 that arrive together a poisoned one fails alone', async (t) => {
    const queue = queueOver(database.pool('dc_system'))
    const jobs = Array.from({ length: 500 }, (_, index) => aJob(index === 123 ? { meta: { text: 'a NUL \0' } } : {}))
    const results = await Promise.allSettled(jobs.map((job) => queue.enqueue(job)))
    t.deepEqual(
      results.flatMap((result, index) =>
        result.status === 'rejected' ? [[index, (result.reason as { code?: string }).code]] : [],
      ),
      [[123, '22P05']],
    )
    t.deepEqual(await database.sql('select count(*)::int from jobs'), [{ count: 499 }])
  })

  test.serial('what was tried elsewhere goes on counting here', async (t) => {
    const queue = queueOver(database.pool('dc_system'))
    await Promise.all([queue.enqueue(aJob({ attempts: 3, meta: { of: 'the tried one' } })), queue.enqueue(aJob())])
    const claimed = await queue.claim('work', 10)
    const attempts = claimed.map(({ attempt, meta }) => [attempt, meta])
    t.deepEqual(attempts.sort(), [
      [1, {}],
      [4, { of: 'the tried one' }],
    ])
  })

  test.serial('B19: a delivery of a newer version waits for somebody who knows it, without being blamed', async (t) => {
    const queue = queueOver(database.pool('dc_system'))
    const newer = aJob({ queue: 'inbound', meta: { version: 2, whatever: 'we do not know' } })
    const old = aDelivery(aChannel())
    await queue.enqueue(newer)
    await createPostgresIntake({ queue }).accept(old)
    const got: string[] = []
    let looks = 0
    const source = createPostgresSource({
      ...{ queue, wakeups: lostWakeups, log: quietLog },
      parkMs: () => {
        looks += 1
        return 5
      },
    })
    await source.start(async (batch) => void got.push(...batch.map(({ id }) => id)), { concurrency: 1 })
    await until(() => looks > 2 && got.length > 0)
    await source.stop()
    t.deepEqual(got, [old.id])
    t.like(await database.sql('select id::text, state, attempt, meta from jobs'), [
      { id: newer.id, state: 'READY', attempt: 0, meta: newer.meta },
    ])
  })

  test.serial('what was enqueued is there after its backend was killed, or the caller knows better', async (t) => {
    const queue = queueOver(database.pool('dc_system'))
    const kept: string[] = []
    let refused = 0
    const killer = setInterval(() => void database.kill("query like '%insert into jobs%'"), 30)
    await Promise.all(
      Array.from({ length: 40 }, async () => {
        for (let index = 0; index < 50; index++) {
          const job = aJob()
          await queue.enqueue(job).then(
            () => kept.push(job.id),
            (error: unknown) => {
              refused += 1
              t.true(error instanceof Unavailable)
            },
          )
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
      }),
    )
    clearInterval(killer)
    t.true(refused > 0, 'the test did kill somebody')
    const stored = new Set((await database.sql<{ id: string }>('select id from jobs')).map(({ id }) => id))
    t.true(kept.every((id) => stored.has(id)))
  })

  test.serial('claims are disjoint, oldest first, and a late job is not skipped for ever', async (t) => {
    let nowMs = 0
    const clock = { ...systemClock, monotonicMs: () => nowMs }
    const pool = database.pool('dc_system')
    const queue = createPostgresQueue({ pool, clock, log: quietLog, wakeups: lostWakeups })
    await Promise.all(Array.from({ length: 300 }, () => queue.enqueue(aJob())))
    const claims = await Promise.all(Array.from({ length: 6 }, () => queue.claim('work', 50)))
    t.is(new Set(claims.flat().map(({ id }) => id)).size, 300)
    t.deepEqual(await queue.claim('work', 50), [])
    // As if committed by a transaction that began a minute ago: below the bound.
    await database.sql(
      `insert into jobs (id, queue, run_at, payload) values ($1, 'work', now() - interval '1 minute', '')`,
      [randomUUID()],
    )
    t.deepEqual(await queue.claim('work', 50), [])
    nowMs += 5_000
    t.is((await queue.claim('work', 50)).length, 1)
  })

  test.serial(
    'a backlog waits for itself: of every organization and channel the next claim has the first ones',
    async (t) => {
      const queue = queueOver(database.pool('dc_system'))
      await database.sql(
        `insert into jobs (id, queue, grouping, run_at, payload)
       select gen_random_uuid(), 'work', 'noisy:' || n % 3, now() - interval '1 hour' + n * interval '1 ms', '' from generate_series(1, 3000) n`,
      )
      await queue.enqueue(aJob({ grouping: 'quiet:1' }))
      await queue.enqueue(aJob({ grouping: 'noisy:late' }))
      const first = await queue.claim('work', 6)
      t.deepEqual(
        first.map(({ grouping }) => grouping).toSorted(),
        ['noisy:0', 'noisy:1', 'noisy:2', 'noisy:late', 'noisy:1', 'quiet:1'].toSorted(),
      )
      // Nothing is passed over, whoever comes between.
      let count = first.length
      for (let claims = 0; claims < 20; claims++) {
        const claimed = await queue.claim('work', 1_000)
        count += claimed.length
        if (claims % 5 === 0) await queue.enqueue(aJob({ grouping: `quiet:${claims}` }))
        if (claims % 5 === 1) t.true(claimed.some(({ grouping }) => grouping === `quiet:${claims - 1}`))
      }
      t.is(count, 3_002 + 4)
    },
  )

  test.serial('a claim takes large jobs a few at a time, and the others stay free', async (t) => {
    const queue = queueOver(database.pool('dc_system'))
    for (let index = 0; index < 12; index++) await queue.enqueue(aJob({ payload: Buffer.alloc(3_000_000, index) }))
    const first = await queue.claim('work', 200)
    t.is(first.length, 6)
    t.is((await queue.claim('work', 200)).length, 6)
  })

  test.serial('a late acknowledgement of a lost lease changes nothing', async (t) => {
    const queue = queueOver(database.pool('dc_system'))
    await queue.enqueue(aJob())
    const [old] = await queue.claim('work', 1)
    if (old === undefined) return t.fail()
    t.is(old.attempt, 1)
    await database.sql(`update jobs set lease_until = now() - interval '1 second'`)
    await queue.sweep('work', 10)
    const [again] = await queue.claim('work', 1)
    t.is(again?.attempt, 2)
    await queue.done(old)
    await queue.retry([old], 0, 'late')
    await queue.dead([old], 'late')
    t.like(await states(), [{ state: 'ACTIVE', attempt: 2 }])
    if (again) await queue.done(again)
    t.deepEqual(await states(), [])
  })

  test.serial('a renewed lease is not swept; one whose holder always dies ends dead', async (t) => {
    const queue = queueOver(database.pool('dc_system'))
    await queue.enqueue(aJob())
    const [job] = await queue.claim('work', 1)
    if (job === undefined) return t.fail()
    await database.sql(`update jobs set lease_until = now() - interval '1 second'`)
    await queue.renew([job])
    await queue.sweep('work', 10)
    t.like(await states(), [{ state: 'ACTIVE' }])
    await database.sql(`update jobs set lease_until = now() - interval '1 second', attempt = 10`)
    await queue.sweep('work', 10)
    t.deepEqual(await states(), [{ state: 'DEAD', attempt: 10, reason: 'whoever held it died or hung' }])
  })

  test.serial('a job whose lease is being renewed is settled as any other, and not when that lease ends', async (t) => {
    const queue = queueOver(database.pool('dc_system'))
    for (let index = 0; index < 4; index++) await queue.enqueue(aJob())
    const [retried, postponed, given, dead] = await queue.claim('work', 4)
    if (!retried || !postponed || !given || !dead) return t.fail()
    const renewal = await database.pool('dc_system').connect()
    t.teardown(() => renewal.release(true))
    await renewal.query('begin')
    await renewal.query(`update jobs set lease_until = now() + interval '30 seconds'`)
    // Nor does a second renewal wait for the first.
    await queue.renew([retried])
    const settled = Promise.all([
      queue.retry([retried], 0, 'no'),
      queue.postpone([postponed], 0, 'not yet'),
      queue.giveBack([given]),
      queue.dead([dead], 'never'),
    ])
    const waiting = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    await until(async () => (await database.sql(waiting)).length === 4)
    const { rows } = await renewal.query<{ now: Date }>('select clock_timestamp() as now')
    await renewal.query('commit')
    await settled
    // Nobody has looked beyond it meanwhile.
    const early = `select 1 from jobs where state = 'READY' and run_at < $1::timestamptz`
    t.deepEqual(await database.sql(early, [rows[0]?.now]), [])
    t.deepEqual(
      (await database.sql('select state, attempt, reason from jobs'))
        .map((row) => Object.values(row).join(' '))
        .toSorted(),
      ['DEAD 1 never', 'READY 0 ', 'READY 0 not yet', 'READY 1 no'],
    )
  })

  test.serial('what was given back has its attempt back, and is there at once for others', async (t) => {
    const queue = queueOver(database.pool('dc_system'))
    const other = queueOver(database.pool('dc_system'))
    await Promise.all(Array.from({ length: 10 }, () => queue.enqueue(aJob())))
    await queue.giveBack(await queue.claim('work', 10))
    const again = await other.claim('work', 10)
    t.deepEqual(
      again.map(({ attempt }) => attempt),
      Array.from({ length: 10 }, () => 1),
    )
  })

  test.serial('a delivery that fails ten times is dead with its reason, its neighbours are not', async (t) => {
    const pool = database.pool('dc_system')
    const queue = queueOver(pool)
    const intake = createPostgresIntake({ queue })
    const channel = aChannel()
    const poison = aDelivery(channel)
    const others = Array.from({ length: 50 }, () => aDelivery(channel))
    await Promise.all([...others.slice(0, 25), poison, ...others.slice(25)].map((one) => intake.accept(one)))
    const done = new Set<string>()
    const source = createPostgresSource({ queue, wakeups: lostWakeups, log: quietLog, retryDelayMs: () => 10 })
    await source.start(
      async (batch) => {
        if (batch.some(({ id }) => id === poison.id)) throw new TypeError('cannot read it')
        for (const { id } of batch) done.add(id)
      },
      { concurrency: 2 },
    )
    await until(async () => (await database.sql(`select 1 from jobs where state = 'DEAD'`)).length === 1, 60_000)
    // A neighbour that was refused with it may have its turn after the last of the ten.
    await until(() => done.size === 50)
    await source.stop()
    t.deepEqual(await database.sql('select id, state, attempt, reason from jobs'), [
      { id: poison.id, state: 'DEAD', attempt: 10, reason: 'TypeError: cannot read it' },
    ])
  })

  test.serial('a delivery that fails ten times is handed over to be kept, again until that works', async (t) => {
    const queue = queueOver(database.pool('dc_system'))
    const poison = aDelivery(aChannel())
    await createPostgresIntake({ queue }).accept(poison)
    const given: string[] = []
    const source = createPostgresSource({ queue, wakeups: lostWakeups, log: quietLog, retryDelayMs: () => 10 })
    await source.start(
      async () => {
        throw new TypeError('cannot read it')
      },
      {
        concurrency: 1,
        handleGivenUp: async ({ id, body }, error) => {
          given.push(`${id} ${Buffer.from(body)} ${error}`)
          if (given.length === 1) throw new Error('the database is away')
        },
      },
    )
    await until(async () => (await database.sql('select 1 from jobs')).length === 0, 30_000)
    await source.stop()
    t.is(given.length, 2)
    t.true(given[0]?.startsWith(`${poison.id} ${Buffer.from(poison.body)} TypeError: cannot read it`))
  })

  test.serial('a row that another program wrote is dead with a reason', async (t) => {
    const queue = queueOver(database.pool('dc_system'))
    await queue.enqueue(aJob({ queue: 'inbound', meta: { orgId: 'x' } }))
    const source = createPostgresSource({ queue, wakeups: lostWakeups, log: quietLog })
    await source.start(async () => t.fail(), { concurrency: 1 })
    await until(async () => (await database.sql(`select 1 from jobs where state = 'DEAD'`)).length === 1)
    await source.stop()
    t.regex(((await states())[0] as { reason: string }).reason, /fields are wrong.*channelId/)
  })

  test.serial('backends killed at random: every delivery is handled', async (t) => {
    const queue = queueOver(database.pool('dc_system'))
    const intake = createPostgresIntake({ queue })
    const channels = Array.from({ length: 5 }, aChannel)
    const accepted: string[] = []
    const got = new Set<string>()
    const sources = [0, 1].map(() =>
      createPostgresSource({ queue, wakeups: lostWakeups, log: quietLog, retryDelayMs: () => 50 }),
    )
    for (const source of sources) {
      await source.start(
        async (batch) => {
          for (const { id } of batch) got.add(id)
        },
        { concurrency: 2 },
      )
    }
    const killer = setInterval(() => void database.kill(`random() < 0.5 and usename <> 'nobody'`), 100)
    for (let index = 0; index < 600; index++) {
      const delivery = aDelivery(channels[index % 5] ?? aChannel())
      await intake.accept(delivery).then(
        () => accepted.push(delivery.id),
        () => {},
      )
      if (index % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    }
    clearInterval(killer)
    // Those whose claim was answered into a dead connection come back with the end of their lease.
    await database.sql(`update jobs set lease_until = now() where state = 'ACTIVE'`).catch(() => [])
    await until(() => accepted.every((id) => got.has(id)), 60_000)
    await Promise.all(sources.map((source) => source.stop()))
    t.true(accepted.length > 50, 'there was something to lose')
  })
}
