import test from 'ava'
import { createRabbitIntake } from '../../src/adapters/messaging/rabbit-intake.ts'
import { createRabbitPublisher } from '../../src/adapters/messaging/rabbit-publisher.ts'
import { DatabaseSetupError } from '../../src/adapters/persistence/database-errors.ts'
import { assertDurable, weaknessesOf } from '../../src/adapters/persistence/durability-check.ts'
import { createOrm } from '../../src/adapters/persistence/orm.ts'
import { Unavailable } from '../../src/core/errors.ts'
import { aChannel, aDelivery } from '../contracts/webhook-intake.contract.ts'
import { RecordingLog } from '../fakes/recording-log.ts'
import { onEachProfile, testDatabase } from '../support/database.ts'
import { onServer } from '../support/template.ts'
import { needs } from './messaging/needs.ts'
import { rabbitSetup } from './messaging/rabbit-setup.ts'

const durable = { fsync: 'on', synchronousCommit: 'on', fullPageWrites: 'on' }

test('X8: what a server does not keep over a power cut is told by name', (t) => {
  t.deepEqual(weaknessesOf(durable), { lost: null, torn: null })
  t.regex(weaknessesOf({ ...durable, fsync: 'off' }).lost ?? '', /\(fsync off\).*loses messages that were acknowledged/)
  t.regex(
    weaknessesOf({ ...durable, fsync: 'off', synchronousCommit: 'off' }).lost ?? '',
    /fsync and synchronous_commit off/,
  )
  t.is(weaknessesOf({ ...durable, synchronousCommit: 'remote_apply' }).lost, null)
  t.regex(weaknessesOf({ ...durable, fullPageWrites: 'off' }).torn ?? '', /full_page_writes off/)
})

onEachProfile((profile) => {
  test(`X8: ${profile}: a database that answers before its disk has it is refused in production, and warned of elsewhere`, async (t) => {
    const database = await testDatabase(profile)
    t.teardown(() => database.close())
    // The test's server may be one that forgets; what a connection sees of this setting is its database's own.
    const commits = (how: string) =>
      onServer(database.admin, async (client) => {
        const { rows } = await client.query<{ name: string }>('select current_database() as name')
        await client.query(`alter database ${rows[0]?.name} set synchronous_commit = ${how}`)
      })
    const asked = async (production: boolean) => {
      const orm = createOrm(database.target)
      return assertDurable(orm, { production }).finally(() => orm.close(true))
    }
    await commits('off')
    const refused = await t.throwsAsync(asked(true), { instanceOf: DatabaseSetupError })
    t.is(refused?.code, 'not-durable')
    t.regex(refused?.message ?? '', /synchronous_commit off/)
    t.true((await asked(false)).warnings.some((line) => line.includes('synchronous_commit off')))
    await commits('on')
    t.false((await asked(false)).warnings.some((line) => line.includes('synchronous_commit')))
    if (profile === 'embedded') t.deepEqual(await asked(true), { warnings: [] })
  })
})

if (needs(test, 'RabbitMQ', ['TEST_RABBITMQ_URL'])) {
  const url = process.env['TEST_RABBITMQ_URL'] ?? ''

  test('X8: RabbitMQ says that every queue is durable and on a quorum, and that what is in it outlives a restart', async (t) => {
    const { topology, rabbit, intake, dispose } = await rabbitSetup(url)
    t.teardown(dispose)
    for (const { queue = '', arguments: given = {} } of topology.queues) {
      // It refuses to declare a queue otherwise than it is, and tells how it is.
      const asked = async (how: object) => {
        const error = await t.throwsAsync(rabbit.queueDeclare({ queue, durable: true, arguments: given, ...how }))
        return error?.message ?? ''
      }
      t.regex(
        await asked({ arguments: { ...given, 'x-queue-type': 'classic' } }),
        /'x-queue-type'.*current is 'quorum'/s,
      )
      t.regex(await asked({ durable: false, arguments: {} }), /'durable'.*current is 'true'/s)
    }
    await intake.accept(aDelivery(aChannel()))
    const message = await rabbit.basicGet({ queue: topology.work.queue, noAck: true })
    t.true(message?.durable)
  })

  test('X8: over a queue of the same name that keeps less nothing is confirmed, readiness says so, and so does the log', async (t) => {
    const { topology, rabbit, consuming, dispose } = await rabbitSetup(url)
    t.teardown(dispose)
    const { queue } = topology.work
    await rabbit.queueDelete({ queue })
    await rabbit.queueDeclare({ queue, durable: false })
    const log = new RecordingLog()
    // As the next process finds it.
    const publisher = createRabbitPublisher({ rabbit: consuming, topology, log })
    await publisher.start()
    t.regex(log.of('warn').join('\n'), /a queue of this name that is of another kind/)
    const error = await t.throwsAsync(publisher.check())
    t.regex(error?.message ?? '', /PRECONDITION_FAILED|inequivalent arg/)
    await t.throwsAsync(createRabbitIntake({ publisher, topology }).accept(aDelivery(aChannel())), {
      instanceOf: Unavailable,
    })
    t.is((await rabbit.queueDeclare({ queue, passive: true })).messageCount, 0)
    await publisher.close()
  })
}
