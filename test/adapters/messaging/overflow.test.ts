import test, { type ExecutionContext } from 'ava'
import { closeRabbit } from '../../../src/adapters/messaging/rabbit-connection.ts'
import { createRabbitIntake } from '../../../src/adapters/messaging/rabbit-intake.ts'
import { createRabbitPublisher } from '../../../src/adapters/messaging/rabbit-publisher.ts'
import { createRabbitSource } from '../../../src/adapters/messaging/rabbit-source.ts'
import { createShares } from '../../../src/adapters/messaging/shares.ts'
import { Unavailable } from '../../../src/core/errors.ts'
import type { AppDelivery } from '../../../src/ports/webhook-intake.ts'
import { aChannel, aDelivery } from '../../contracts/webhook-intake.contract.ts'
import { needs } from './needs.ts'
import { quietLog, until } from './quiet.ts'
import { rabbitSetup } from './rabbit-setup.ts'

test('an organization has its share of a process, in a crowd everybody one place, and some are always left', (t) => {
  const shares = createShares()
  const taken = (owner: string, tries: number) =>
    Array.from({ length: tries }, () => shares.take(owner)).filter(Boolean).length
  t.is(taken('noisy', 1_000), 300)
  t.is(taken('another', 50), 50)
  shares.giveBack('noisy')
  t.is(taken('noisy', 10), 1)
  t.is(taken('third', 1_000), 50, 'crowded')
  t.is(taken('quiet', 10), 1)
  t.is(taken('another', 10), 0)
  t.is(
    Array.from({ length: 100 }, (_, n) => taken(`quiet ${n}`, 2)).reduce((sum, n) => sum + n),
    49,
  )
  for (let n = 0; n < 200; n++) shares.giveBack('noisy')
  t.is(taken('noisy', 1_000), 150)
})

if (needs(test, 'overflow of RabbitMQ', ['TEST_RABBITMQ_URL'])) {
  const BACKLOG = 400
  const OF_CHANNEL = 200
  /** With a patient publisher: what is late may be there nevertheless, and would be there twice if it were sent again. */
  const setUp = async (t: ExecutionContext) => {
    const setup = await rabbitSetup(process.env['TEST_RABBITMQ_URL'] ?? '')
    const { rabbit, topology } = setup
    const publisher = createRabbitPublisher({ rabbit, topology, log: quietLog, confirmWithinMs: 20_000 })
    t.teardown(async () => {
      await publisher.close()
      await setup.dispose()
    })
    return { ...setup, publisher, intake: createRabbitIntake({ publisher, topology }) }
  }

  test.serial('what cannot go elsewhere waits in the process, also where it went and nobody was told', async (t) => {
    const { intake, publisher, topology, consuming } = await setUp(t)
    const channel = aChannel()
    const sent = Array.from({ length: BACKLOG }, () => aDelivery(channel))
    await Promise.all(sent.map(intake.accept))
    const asked = new Set<string>()
    const overflow = async ({ id }: { id: string }) => {
      asked.add(id)
      throw new Unavailable('the database is away')
    }
    const got: string[] = []
    const source = createRabbitSource({ rabbit: consuming, publisher, topology, log: quietLog, overflow })
    await source.start(
      async (batch) => {
        await until(() => asked.size === BACKLOG - 300)
        got.push(...batch.map(({ id }) => id))
      },
      { concurrency: 1 },
    )
    await until(() => got.length >= BACKLOG)
    await source.stop()
    t.deepEqual(got.sort(), sent.map(({ id }) => id as string).sort())
    t.is((await consuming.queueDeclare({ queue: topology.work.queue, passive: true })).messageCount, 0)
  })

  test.serial(
    'what goes elsewhere takes along how often it failed; bodies for a whole app stay, and what was passed on is gone',
    async (t) => {
      const { intake, publisher, topology, rabbit, consuming } = await setUp(t)
      const channel = aChannel()
      const { orgId: _o, channelId: _c, verified: _v, ...common } = aDelivery(channel)
      const forApp = Array.from(
        { length: 250 },
        (): AppDelivery => ({ ...common, id: aDelivery(channel).id, channelType: 'INSTAGRAM' }),
      )
      await Promise.all(forApp.map(intake.accept))
      await Promise.all(Array.from({ length: OF_CHANNEL }, () => intake.accept(aDelivery(channel))))
      const failed = aDelivery(channel)
      const { id, receivedAt, body, ...fields } = failed
      const headers = { ...fields, receivedAt: receivedAt.toISOString(), failures: 3 }
      await publisher.publish(topology.work.queue, { id, headers, body: Buffer.from(body) })
      const passedOn: (readonly [string, number])[] = []
      const source = createRabbitSource({
        rabbit: consuming,
        publisher,
        topology,
        log: quietLog,
        overflow: async (delivery, attempts) => void passedOn.push([delivery.id, attempts]),
      })
      const goOn = Promise.withResolvers<void>()
      let [handled, split] = [0, 0]
      const handle = async (batch: readonly unknown[]) => {
        await goOn.promise
        handled += batch.length
      }
      await source.start(handle, {
        concurrency: 1,
        handleForApp: async (batch) => {
          await goOn.promise
          split += batch.length
        },
      })
      await until(() => passedOn.some(([passed]) => passed === id))
      goOn.resolve()
      // All of it: what still waits when it is stopped goes back.
      await until(() => split === forApp.length && handled + passedOn.length === OF_CHANNEL + 1)
      await source.stop()
      t.deepEqual(
        passedOn.filter(([passed]) => passed === id),
        [[id, 3]],
      )
      // A connection that is closed gives back whatever it did not acknowledge.
      await closeRabbit(consuming)
      const { messageCount } = await rabbit.queueDeclare({ queue: topology.work.queue, passive: true })
      t.is(messageCount, 0)
    },
  )
}
