import test from 'ava'
import { createCombinedSource } from '../../../src/adapters/messaging/combined-source.ts'
import { createPostgresIntake, createPostgresSource } from '../../../src/adapters/messaging/postgres-intake.ts'
import { createPostgresQueue } from '../../../src/adapters/messaging/postgres-queue.ts'
import { createSpoolingIntake } from '../../../src/adapters/messaging/spooling-intake.ts'
import { Unavailable } from '../../../src/core/errors.ts'
import type { WebhookIntake } from '../../../src/ports/webhook-intake.ts'
import { webhookIntakeContract } from '../../contracts/webhook-intake.contract.ts'
import { createInMemoryIntake } from '../../fakes/in-memory-intake.ts'
import { needs } from './needs.ts'
import { lostWakeups, quietLog, systemClock } from './quiet.ts'
import { rabbitSetup } from './rabbit-setup.ts'
import { type ScratchDatabase, scratchDatabase } from './scratch-database.ts'

webhookIntakeContract(test, {
  name: 'in memory',
  make: async () => ({ ...createInMemoryIntake(), dispose: async () => {} }),
})

if (needs(test, 'webhook intake on PostgreSQL', ['TEST_DATABASE_URL'])) {
  let database: ScratchDatabase
  test.before(async () => {
    database = await scratchDatabase()
  })
  test.after.always(() => database.drop())

  webhookIntakeContract(test, {
    name: 'PostgreSQL',
    async make() {
      await database.sql('truncate jobs')
      const pool = database.pool('dc_system')
      const queue = createPostgresQueue({ pool, clock: systemClock, log: quietLog, wakeups: lostWakeups })
      return {
        intake: createPostgresIntake({ queue }),
        source: () => createPostgresSource({ queue, wakeups: lostWakeups, log: quietLog, retryDelayMs: () => 100 }),
        dispose: () => pool.end(),
      }
    },
  })
}

if (needs(test, 'webhook intake on RabbitMQ', ['TEST_RABBITMQ_URL'])) {
  webhookIntakeContract(test, { name: 'RabbitMQ', make: () => rabbitSetup(process.env['TEST_RABBITMQ_URL'] ?? '') })
}

if (needs(test, 'webhook intake on RabbitMQ with a spool', ['TEST_DATABASE_URL', 'TEST_RABBITMQ_URL'])) {
  let database: ScratchDatabase
  test.before(async () => {
    database = await scratchDatabase()
  })
  test.after.always(() => database.drop())

  webhookIntakeContract(test, {
    name: 'RabbitMQ and spool',
    async make() {
      await database.sql('truncate jobs')
      const pool = database.pool('dc_system')
      const queue = createPostgresQueue({ pool, clock: systemClock, log: quietLog, wakeups: lostWakeups })
      const setup = await rabbitSetup(process.env['TEST_RABBITMQ_URL'] ?? '')
      let turn = 0
      const moody: WebhookIntake = {
        accept: (delivery) =>
          ++turn % 3 === 0 ? Promise.reject(new Unavailable('moody')) : setup.intake.accept(delivery),
      }
      return {
        intake: createSpoolingIntake({
          broker: moody,
          spool: createPostgresIntake({ queue }),
          clock: systemClock,
          log: quietLog,
          probeEveryMs: 2,
        }),
        source: () =>
          createCombinedSource([
            setup.source(),
            createPostgresSource({ queue, wakeups: lostWakeups, log: quietLog, retryDelayMs: () => 100 }),
          ]),
        async dispose() {
          await setup.dispose()
          await pool.end()
        },
      }
    },
  })
}
