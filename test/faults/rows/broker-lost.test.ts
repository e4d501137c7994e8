import test from 'ava'
import type { Connection } from 'rabbitmq-client'
import { createRabbitSource } from '../../../src/adapters/messaging/rabbit-source.ts'
import { createSpoolingIntake } from '../../../src/adapters/messaging/spooling-intake.ts'
import { Unavailable } from '../../../src/core/errors.ts'
import { needs } from '../../adapters/messaging/needs.ts'
import { quietLog, systemClock, until } from '../../adapters/messaging/quiet.ts'
import { type RabbitSetup, rabbitSetup } from '../../adapters/messaging/rabbit-setup.ts'
import { aChannel, aDelivery } from '../../contracts/webhook-intake.contract.ts'
import { createTcpProxy, type TcpProxy } from '../harness/tcp-proxy.ts'

const LOSSES = 6

type Stage = RabbitSetup & Readonly<{ proxy: TcpProxy; errors: readonly string[]; connects: () => number }>

/** Queues of our own, reached over a network that can be cut. */
async function within(body: (stage: Stage) => Promise<void>, options: { maxLength?: number } = {}): Promise<void> {
  const url = new URL(process.env['TEST_RABBITMQ_URL'] ?? '')
  const proxy = await createTcpProxy({ target: Number(url.port || 5672) })
  url.hostname = '127.0.0.1'
  url.port = String(proxy.port)
  const setup = await rabbitSetup(url.toString(), [20, 20], options)
  const errors: string[] = []
  let connects = 0
  setup.consuming.on('error', (error: Error) => errors.push(error.message))
  setup.consuming.on('connection', () => connects++)
  try {
    await setup.consuming.onConnect(10_000, true)
    await body({ ...setup, proxy, errors, connects: () => connects })
  } finally {
    await proxy.heal()
    await until(() => setup.rabbit.ready).catch(() => {})
    await setup.dispose()
    await proxy.close()
  }
}

const listeners = (connection: Connection) =>
  connection.eventNames().map((name) => [String(name), connection.listenerCount(name)])

/** Cuts every connection; resolves when both are there again. */
async function lose({ proxy, rabbit, consuming }: Stage): Promise<void> {
  proxy.reset()
  await until(() => !rabbit.ready && !consuming.ready)
  await until(() => rabbit.ready && consuming.ready)
}

const consumersOf = async ({ rabbit, topology }: Stage) =>
  (await rabbit.queueDeclare({ ...topology.work, passive: true })).consumerCount

if (needs(test, 'the broker is lost', ['TEST_RABBITMQ_URL'])) {
  test.serial(
    `B12: after ${LOSSES} losses there is one consumer, no listener more than before, and every delivery was handled`,
    (t) =>
      within(async (stage) => {
        const { intake, rabbit, consuming } = stage
        const channel = aChannel()
        const accepted: string[] = []
        const handled = new Set<string>()
        const source = stage.source()
        await source.start(
          async (batch) => {
            for (const { id } of batch) handled.add(id)
          },
          { concurrency: 2 },
        )
        const accept = async () => {
          const delivery = aDelivery(channel)
          // Whoever is refused comes again; here only what was taken counts.
          await intake.accept(delivery).then(
            () => accepted.push(delivery.id),
            () => {},
          )
        }
        await accept()
        await until(async () => (await consumersOf(stage)) === 1)
        const before = [listeners(rabbit), listeners(consuming)]
        for (let count = 0; count < LOSSES; count++) {
          const underWay = Array.from({ length: 20 }, accept)
          await lose(stage)
          await Promise.all(underWay)
          await until(async () => (await consumersOf(stage)) === 1)
        }
        t.deepEqual([listeners(rabbit), listeners(consuming)], before)
        const takenBefore = accepted.length
        await Promise.all(Array.from({ length: 20 }, accept))
        t.true(accepted.length > takenBefore)
        await until(() => accepted.every((id) => handled.has(id)))
        t.is(await consumersOf(stage), 1)
        await source.stop()
      }),
  )

  test.serial('A11: a full queue takes nothing more and drops nothing: what it refuses is in the spool', (t) =>
    within(
      async (stage) => {
        const spooled: string[] = []
        const intake = createSpoolingIntake({
          broker: stage.intake,
          spool: { accept: async ({ id }) => void spooled.push(id) },
          clock: systemClock,
          log: quietLog,
          probeEveryMs: 0,
        })
        const channel = aChannel()
        const accepted: string[] = []
        for (let count = 0; count < 100; count++) {
          const delivery = aDelivery(channel)
          await intake.accept(delivery)
          accepted.push(delivery.id)
        }
        t.true(spooled.length > 20, `${spooled.length}`)
        const handled = new Set<string>()
        const source = stage.source()
        await source.start(
          async (batch) => {
            for (const { id } of batch) handled.add(id)
          },
          { concurrency: 1 },
        )
        await until(() => accepted.every((id) => handled.has(id) || spooled.includes(id)))
        t.true(handled.has(accepted[0] as string), 'the oldest is not dropped for the newest')
        t.true(handled.size >= 20)
        await source.stop()
      },
      { maxLength: 30 },
    ),
  )

  test.serial(
    'B13: what was held when its connection was lost is never acknowledged on the next one, and comes again',
    (t) =>
      within(async (stage) => {
        const { intake, errors, connects } = stage
        const delivery = aDelivery(aChannel())
        await intake.accept(delivery)
        let times = 0
        const held = Promise.withResolvers<void>()
        const released = Promise.withResolvers<void>()
        const source = stage.source()
        await source.start(
          async () => {
            times += 1
            if (times > 1) return
            held.resolve()
            await released.promise
          },
          { concurrency: 1 },
        )
        await held.promise
        await lose(stage)
        const connectedBefore = connects()
        released.resolve()
        await until(() => times === 2)
        // Tags of another channel would have the broker close this one, and so on for ever.
        await intake.accept(aDelivery(aChannel()))
        await until(() => times === 3)
        t.is(connects(), connectedBefore)
        t.deepEqual(
          errors.filter((message) => /PRECONDITION|delivery tag/i.test(message)),
          [],
        )
        await until(
          async () => (await stage.rabbit.queueDeclare({ ...stage.topology.work, passive: true })).messageCount === 0,
        )
        await source.stop()
      }),
  )

  for (const [how, strike] of [
    ['goes', (proxy: TcpProxy) => proxy.refuse()],
    ['hears it and cannot say so', (proxy: TcpProxy) => proxy.set('response', { kind: 'black-hole' })],
    [
      'takes nothing',
      () => {
        throw new Unavailable('an alarm')
      },
    ],
  ] as const) {
    test.serial(`B18: what is given up is in the dead-letter queue though the broker ${how} at that moment`, (t) =>
      within(async (stage) => {
        const { intake, topology, proxy, publisher, rabbit } = stage
        const poison = aDelivery(aChannel(), { body: Buffer.from([0, 255, 1]) })
        await intake.accept(poison)
        let struck = 0
        const source = createRabbitSource({
          rabbit: stage.consuming,
          publisher: {
            ...publisher,
            async publish(queue, message) {
              if (queue === topology.dead && struck++ === 0) {
                await strike(proxy)
                return publisher.publish(queue, message).finally(() => void proxy.heal())
              }
              return publisher.publish(queue, message)
            },
          },
          topology,
          log: quietLog,
        })
        await source.start(
          async () => {
            throw new TypeError('cannot read it')
          },
          { concurrency: 1 },
        )
        const dead = async () => {
          if (!rabbit.ready) return 0
          return (await rabbit.queueDeclare({ queue: topology.dead, passive: true })).messageCount
        }
        await until(async () => struck > 1 && (await dead()) > 0)
        await until(async () => (await rabbit.queueDeclare({ ...topology.work, passive: true })).messageCount === 0)
        await source.stop()
        const letter = await rabbit.basicGet({ queue: topology.dead, noAck: true })
        t.is(letter?.messageId, poison.id)
        t.deepEqual(letter?.body, Buffer.from([0, 255, 1]))
      }),
    )
  }
}
