import { setTimeout as delay } from 'node:timers/promises'
import test from 'ava'
import { createCombinedSource } from '../../../src/adapters/messaging/combined-source.ts'
import { createPostgresIntake, createPostgresSource } from '../../../src/adapters/messaging/postgres-intake.ts'
import { createPostgresQueue } from '../../../src/adapters/messaging/postgres-queue.ts'
import { createSpoolingIntake } from '../../../src/adapters/messaging/spooling-intake.ts'
import { Unavailable } from '../../../src/core/errors.ts'
import { aChannel, aDelivery, type Channel } from '../../contracts/webhook-intake.contract.ts'
import { type ThrowawayRabbit, throwawayRabbit, whyNoRabbit } from '../../support/throwaway-rabbitmq.ts'
import { needs } from './needs.ts'
import { lostWakeups, quietLog, systemClock, until } from './quiet.ts'
import { rabbitSetup } from './rabbit-setup.ts'
import { type ScratchDatabase, scratchDatabase } from './scratch-database.ts'

if (needs(test, 'broker killed under load', ['TEST_DATABASE_URL'], whyNoRabbit())) {
  let database: ScratchDatabase
  let broker: ThrowawayRabbit
  test.before(async (t) => {
    t.timeout(300_000)
    database = await scratchDatabase()
    broker = await throwawayRabbit()
  })
  test.after.always(async () => {
    await broker?.dispose()
    await database?.drop()
  })

  /** A broker (3.10) that is killed within a second of the first declaration of a queue never elects a leader for it again. */
  const settledSetup = async () => {
    const setup = await rabbitSetup(broker.url)
    await delay(5_000)
    return setup
  }

  /** An api and an inbound role, and a load of 200 deliveries a second. */
  const system = async (body: (all: Awaited<ReturnType<typeof startSystem>>) => Promise<void>): Promise<void> => {
    const all = await startSystem()
    try {
      await body(all)
    } finally {
      await all.dispose()
    }
  }
  const startSystem = async () => {
    await database.sql('truncate jobs')
    const setup = await settledSetup()
    const queue = createPostgresQueue({
      pool: database.pool('dc_system'),
      clock: systemClock,
      log: quietLog,
      wakeups: lostWakeups,
    })
    const intake = createSpoolingIntake({
      broker: setup.intake,
      spool: createPostgresIntake({ queue }),
      clock: systemClock,
      log: quietLog,
    })
    const source = createCombinedSource([
      setup.source(),
      createPostgresSource({ queue, wakeups: lostWakeups, log: quietLog }),
    ])
    const channels = Array.from({ length: 5 }, aChannel)
    const accepted: string[] = []
    const tookMs: number[] = []
    const got = new Map<string, number>()
    let refused = 0
    let loading = true
    const send = async (index: number): Promise<void> => {
      const delivery = aDelivery(channels[index % 5] as Channel)
      const startMs = performance.now()
      try {
        await intake.accept(delivery)
        accepted.push(delivery.id)
      } catch {
        refused += 1
      }
      tookMs.push(performance.now() - startMs)
    }
    const load = (async () => {
      const sent: Promise<void>[] = []
      for (let index = 0; loading; index++) {
        sent.push(send(index))
        await delay(5)
      }
      await Promise.all(sent)
    })()
    return {
      setup,
      accepted,
      tookMs,
      got,
      refused: () => refused,
      spooled: async () => (await database.sql('select 1 from jobs')).length,
      consume: () =>
        source.start(
          async (batch) => {
            for (const { id } of batch) got.set(id, (got.get(id) ?? 0) + 1)
          },
          {
            concurrency: 3,
          },
        ),
      async stopLoad() {
        loading = false
        await load
      },
      async dispose() {
        loading = false
        await load
        await source.stop()
        await setup.dispose()
      },
    }
  }

  test.serial(
    'A3, B12: killed and started again under load: the spool takes over, drains, and nothing accepted is lost',
    async (t) => {
      t.timeout(300_000)
      await system(async (all) => {
        await all.consume()
        for (let kill = 0; kill < 2; kill++) {
          await delay(700 + Math.random() * 500)
          await broker.kill()
          const before = all.accepted.length
          // Deliveries are accepted while the broker is away.
          await until(() => all.accepted.length - before > 100)
          await broker.start()
          await until(() => all.setup.rabbit.ready)
        }
        await delay(1_000)
        await all.stopLoad()
        await until(() => all.accepted.every((id) => all.got.has(id)), 60_000)
        await until(async () => (await all.spooled()) === 0)
        t.is(all.refused(), 0)
        t.true(Math.max(...all.tookMs) < 30_000, `${Math.max(...all.tookMs)}`)
      })
    },
  )

  test.serial('A3: a backlog in the broker and in the spool outlives the kill', async (t) => {
    t.timeout(300_000)
    await system(async (all) => {
      await delay(700)
      await broker.kill()
      await until(async () => (await all.spooled()) > 50)
      await all.stopLoad()
      await broker.start()
      await all.consume()
      await until(() => all.accepted.every((id) => all.got.has(id)), 60_000)
      t.is(all.refused(), 0)
    })
  })

  test.serial(
    'A7: one that takes connections and answers nothing costs a second once, then the spool is asked at once',
    async (t) => {
      t.timeout(300_000)
      await system(async (all) => {
        await all.consume()
        await delay(500)
        broker.pause()
        await delay(4_000)
        broker.resume()
        await all.stopLoad()
        t.true(Math.max(...all.tookMs) < 30_000)
        await until(() => all.accepted.every((id) => all.got.has(id)), 60_000)
        t.is(all.refused(), 0)
      })
    },
  )

  test.serial('A5: with both away a delivery is refused soon', async (t) => {
    t.timeout(300_000)
    const setup = await settledSetup()
    await broker.kill()
    const spool = { accept: () => Promise.reject(new Unavailable('no database')) }
    const intake = createSpoolingIntake({ broker: setup.intake, spool, clock: systemClock, log: quietLog })
    const startMs = performance.now()
    for (let count = 0; count < 20; count++)
      await t.throwsAsync(intake.accept(aDelivery(aChannel())), { instanceOf: Unavailable })
    t.true(performance.now() - startMs < 10_000)
    await broker.start()
    await until(() =>
      intake.accept(aDelivery(aChannel())).then(
        () => true,
        () => false,
      ),
    )
    t.pass('back when the broker is')
    await setup.dispose()
  })
}
