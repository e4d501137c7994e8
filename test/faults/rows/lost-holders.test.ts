import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { createPostgresIntake, createPostgresSource } from '../../../src/adapters/messaging/postgres-intake.ts'
import { createPostgresQueue } from '../../../src/adapters/messaging/postgres-queue.ts'
import { closeRabbit, connectRabbit } from '../../../src/adapters/messaging/rabbit-connection.ts'
import { createRabbitSource } from '../../../src/adapters/messaging/rabbit-source.ts'
import { createTrials } from '../../../src/adapters/messaging/trials.ts'
import type { RawDelivery, WebhookIntake, WebhookSource } from '../../../src/ports/webhook-intake.ts'
import { needs } from '../../adapters/messaging/needs.ts'
import { lostWakeups, quietLog, systemClock, until } from '../../adapters/messaging/quiet.ts'
import { rabbitSetup } from '../../adapters/messaging/rabbit-setup.ts'
import { aMessage, aThread } from '../../builders/events.ts'
import { aChannel, aDelivery } from '../../contracts/webhook-intake.contract.ts'
import { coreOn, deliveryOf, seedInbox } from '../../support/core-on-database.ts'
import { type TestDatabase, testDatabase } from '../../support/database.ts'
import { onServer } from '../../support/template.ts'

/** What a process has of a queue, and how it loses it: nothing is finished, given back or said. */
type Holder = Readonly<{ source: WebhookSource; vanish(): Promise<void> }>
type Queue = Readonly<{
  intake: WebhookIntake
  holder(options?: Readonly<{ deadlineMs?: number }>): Holder
  /** No handler may be at work any more. */
  close(): Promise<void>
}>

const WITHIN_MS = 120_000
/** How long a delivery rests that was lost while it was tried. */
const REST_MS = 100

async function postgresQueue(db: TestDatabase): Promise<Queue> {
  const sql = (text: string) => onServer(db.admin, (client) => client.query(text))
  await sql('truncate jobs')
  const over = () => {
    const pool = db.systemPool({ size: 3 })
    return { pool, queue: createPostgresQueue({ pool, clock: systemClock, log: quietLog, wakeups: lostWakeups }) }
  }
  const sources: WebhookSource[] = []
  return {
    intake: createPostgresIntake({ queue: over().queue }),
    holder(options = {}) {
      const { pool, queue } = over()
      const trials = createTrials({ pool, log: quietLog, restMs: () => REST_MS })
      const common = { queue, trials, wakeups: lostWakeups, log: quietLog, retryDelayMs: () => 50 }
      const source = createPostgresSource({ ...common, ...options })
      sources.push(source)
      return {
        source,
        async vanish() {
          await pool.end()
          // As if its lease had ended.
          await sql(`update jobs set state = 'READY', lease_until = null, run_at = now() where state = 'ACTIVE'`)
        },
      }
    },
    close: () => stopAll(sources),
  }
}

async function rabbitQueue(db: TestDatabase): Promise<Queue> {
  const url = process.env['TEST_RABBITMQ_URL'] ?? ''
  const { intake, publisher, topology, dispose } = await rabbitSetup(url, [20, 20])
  const pool = db.systemPool({ size: 3 })
  const sources: WebhookSource[] = []
  const connections = new Set<ReturnType<typeof connectRabbit>>()
  return {
    intake,
    holder(options = {}) {
      const rabbit = connectRabbit({ url, name: 'a holder', log: quietLog })
      connections.add(rabbit)
      const trials = createTrials({ pool, log: quietLog, restMs: () => REST_MS })
      const source = createRabbitSource({ rabbit, publisher, topology, trials, log: quietLog, ...options })
      sources.push(source)
      return {
        source,
        async vanish() {
          connections.delete(rabbit)
          rabbit.unsafeDestroy()
        },
      }
    },
    async close() {
      await stopAll(sources)
      await Promise.all([...connections].map(closeRabbit))
      await dispose()
    },
  }
}

/** Those that vanished have nothing left to give back, and say so. */
const stopAll = async (sources: readonly WebhookSource[]): Promise<void> => {
  await Promise.allSettled(sources.map((source) => source.stop()))
}

if (needs(test, 'holders that are lost', ['TEST_DATABASE_URL', 'TEST_RABBITMQ_URL'])) {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase('services')
  })
  test.after.always(() => db.close())

  test.serial(
    'B10: what was being tried while its process was killed from outside, or the database, is not blamed',
    async (t) => {
      const pool = db.systemPool({ size: 3 })
      const id = randomUUID()
      const { signal } = new AbortController()
      const alive = Promise.withResolvers<void>()
      const lives: Promise<void>[] = []
      /** Resolves once its trial has begun; it is never heard of again. */
      const killed = () =>
        new Promise<void>((resolve) => {
          const trials = createTrials({ pool, log: quietLog, restMs: () => 1 })
          const work = () => {
            resolve()
            return alive.promise.then(() => Promise.reject(new Error('long dead')))
          }
          lives.push(trials.run(id, work, signal))
        })
      await killed()
      await killed()

      // It lives, but for a while the ends of its trials cannot be noted.
      let isAway = false
      const vanish = async () => {
        isAway = true
      }
      const connect = () => (isAway ? Promise.reject(new Error('Connection terminated')) : pool.connect())
      const trials = createTrials({ pool: { connect } as typeof pool, log: quietLog, restMs: () => 1 })
      for (let time = 0; time < 5; time++) {
        isAway = false
        await trials.run(id, vanish, signal)
      }
      const begun = async () =>
        (await pool.query('select begun from delivery_trials where delivery_id = $1', [id])).rows
      t.is((await begun()).length, 1)
      isAway = false
      await until(async () => (await begun()).length === 0, WITHIN_MS)

      for (let life = 0; life < 3; life++) await killed()
      await t.throwsAsync(
        trials.run(id, async () => t.fail(), signal),
        { name: 'KilledItsHolders' },
      )
      alive.resolve()
      await Promise.allSettled(lives)
    },
  )

  test.serial(
    'B10: first trials are made beside each other, and one that had no end is made again alone',
    async (t) => {
      const pool = db.systemPool({ size: 3 })
      const { signal } = new AbortController()
      const old = randomUUID()
      await pool.query('insert into delivery_trials (delivery_id, begun, life) values ($1, 1, $2)', [old, randomUUID()])
      const trials = createTrials({ pool, log: quietLog, restMs: () => 1 })
      const underWay = new Set<string>()
      const [seen, together]: [Set<string>[], Set<string>[]] = [[], []]
      const work = (id: string) => async () => {
        underWay.add(id)
        ;(id === old ? seen : together).push(new Set(underWay))
        await sleep(50)
        underWay.delete(id)
      }
      const firsts = Array.from({ length: 20 }, () => randomUUID())
      await Promise.all(
        [...firsts.slice(0, 10), old, ...firsts.slice(10)].map((id) => trials.run(id, work(id), signal)),
      )
      t.deepEqual(seen, [new Set([old])])
      t.is(together.length, firsts.length)
      t.true(together.some(({ size }) => size > 1))
      t.true(together.every((ids) => ids.size <= 8 && !ids.has(old)))
    },
  )

  for (const [name, open] of [
    ['PostgreSQL', postgresQueue],
    ['RabbitMQ', rabbitQueue],
  ] as const) {
    test.serial(
      `B10: ${name}: what kills whoever holds it is put aside after four deaths, and nobody else is`,
      async (t) => {
        t.timeout(2 * WITHIN_MS)
        const queue = await open(db)
        const channel = aChannel()
        const all = Array.from({ length: 7 }, () => aDelivery(channel))
        const poison = all[3] as RawDelivery
        for (const one of all) await queue.intake.accept(one)
        const handled: string[] = []
        const putAside: string[] = []
        let deaths = 0
        const theEnd = Promise.withResolvers<void>()
        for (let isOver = false; !isOver; ) {
          const { source, vanish } = queue.holder()
          let isDead = false
          await source.start(
            async (batch) => {
              isDead ||= batch.some(({ id }) => id === poison.id)
              if (isDead) return theEnd.promise
              handled.push(...batch.map(({ id }) => id))
            },
            { concurrency: 2, handleGivenUp: async ({ id }) => void putAside.push(id) },
          )
          await until(() => isDead || (putAside.length > 0 && new Set(handled).size === all.length - 1), WITHIN_MS)
          isOver = !isDead
          deaths += isDead ? 1 : 0
          if (isDead) await vanish()
        }
        theEnd.resolve()
        t.is(deaths, 4)
        t.deepEqual(putAside, [poison.id])
        await queue.close()
      },
    )

    test.serial(
      `B11: ${name}: a handler that hangs is told to stop after its time, and the delivery is handled again`,
      async (t) => {
        t.timeout(2 * WITHIN_MS)
        const queue = await open(db)
        const delivery = aDelivery(aChannel())
        await queue.intake.accept(delivery)
        const { source } = queue.holder({ deadlineMs: 200 })
        let times = 0
        let isTold = false
        let isHandled = false
        await source.start(
          async (_, signal) => {
            times += 1
            if (times === 1) {
              signal.addEventListener('abort', () => (isTold = true))
              await new Promise<never>(() => {})
            }
            isHandled = true
          },
          { concurrency: 1 },
        )
        await until(() => isHandled, WITHIN_MS)
        t.true(isTold)
        t.is(times, 2)
        await queue.close()
      },
    )

    test.serial(
      `B14: ${name}: one that slept too long wakes up when another has stored what it holds: it is there once`,
      async (t) => {
        t.timeout(2 * WITHIN_MS)
        const queue = await open(db)
        const { core, orm } = coreOn(db)
        const inbox = await seedInbox(orm)
        const message = aMessage({ externalId: 'a message', at: new Date(), thread: aThread('ann') })
        await queue.intake.accept(deliveryOf(inbox, [message]))

        const asleep = Promise.withResolvers<void>()
        const awake = Promise.withResolvers<void>()
        const woken = Promise.withResolvers<void>()
        const stored = Promise.withResolvers<void>()
        const sleeper = queue.holder()
        await sleeper.source.start(
          async (batch) => {
            asleep.resolve()
            await awake.promise
            await core.receiveWebhooks(batch).finally(() => woken.resolve())
          },
          { concurrency: 1 },
        )
        await asleep.promise
        await sleeper.vanish()
        const other = queue.holder()
        await other.source.start(
          async (batch) => {
            await core.receiveWebhooks(batch)
            stored.resolve()
          },
          { concurrency: 1 },
        )
        await stored.promise
        awake.resolve()
        await woken.promise
        const { rows } = await onServer(db.admin, (client) =>
          client.query(
            'select (select count(*)::int from messages where org_id = $1) as messages, (select count(*)::int from notifications where org_id = $1) as notifications',
            [inbox.orgId],
          ),
        )
        t.deepEqual(rows, [{ messages: 1, notifications: 1 }])
        await queue.close()
      },
    )
  }
}
