import test from 'ava'
import { createQueueDepth } from '../../../src/adapters/messaging/queue-depth.ts'
import { closeRabbit, connectRabbit } from '../../../src/adapters/messaging/rabbit-connection.ts'
import { aChannel, aDelivery } from '../../contracts/webhook-intake.contract.ts'
import { needs } from './needs.ts'
import { quietLog, until } from './quiet.ts'
import { rabbitSetup } from './rabbit-setup.ts'

const DEEP = 20
const EVERY_MS = 1_000

test('B15: of a broker that is away no backlog is known', async (t) => {
  const rabbit = connectRabbit({ url: 'amqp://127.0.0.1:1', name: 'nobody', log: quietLog })
  const clock = { now: () => new Date(), monotonicMs: () => 0 }
  const { isDeep } = createQueueDepth({ rabbit, queue: 'any', clock, log: quietLog })
  t.false(isDeep())
  await closeRabbit(rabbit)
})

if (needs(test, 'RabbitMQ', ['TEST_RABBITMQ_URL'])) {
  test('B15: a backlog is known while it is there, and looked for once in a while', async (t) => {
    const setup = await rabbitSetup(process.env['TEST_RABBITMQ_URL'] ?? '')
    t.teardown(() => setup.dispose())
    const { queue } = setup.topology.work
    let nowMs = 0
    const clock = { now: () => new Date(), monotonicMs: () => nowMs }
    const depth = createQueueDepth({
      ...{ rabbit: setup.rabbit, queue, clock, log: quietLog },
      ...{ deepFrom: DEEP, everyMs: EVERY_MS },
    })
    /** The answer comes after it was asked for. */
    const becomes = (deep: boolean) =>
      until(() => {
        nowMs += EVERY_MS
        return depth.isDeep() === deep
      })
    await Promise.all(Array.from({ length: DEEP - 1 }, () => setup.intake.accept(aDelivery(aChannel()))))
    await until(async () => (await setup.rabbit.queueDeclare({ queue, passive: true })).messageCount === DEEP - 1)
    for (let looks = 0; looks < 5; looks++) {
      nowMs += EVERY_MS
      t.false(depth.isDeep())
      await setup.rabbit.queueDeclare({ queue, passive: true })
    }
    await setup.intake.accept(aDelivery(aChannel()))
    await becomes(true)
    // Until it is looked for again, what was seen holds.
    await setup.rabbit.queuePurge(queue)
    for (let looks = 0; looks < 5; looks++) t.true(depth.isDeep())
    await becomes(false)
    // A queue that is gone has none.
    await setup.rabbit.queueDelete({ queue })
    nowMs += EVERY_MS
    t.false(depth.isDeep())
  })
}
