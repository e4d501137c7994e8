import { setTimeout as delay } from 'node:timers/promises'
import test from 'ava'
import type { SyncMessage } from 'rabbitmq-client'
import { closeRabbit, connectRabbit } from '../../../src/adapters/messaging/rabbit-connection.ts'
import { createRabbitIntake } from '../../../src/adapters/messaging/rabbit-intake.ts'
import { createRabbitPublisher, type RabbitPublisher } from '../../../src/adapters/messaging/rabbit-publisher.ts'
import { createRabbitSource } from '../../../src/adapters/messaging/rabbit-source.ts'
import { topologyOf } from '../../../src/adapters/messaging/topology.ts'
import { Unavailable } from '../../../src/core/errors.ts'
import type { RawDelivery } from '../../../src/ports/webhook-intake.ts'
import { aChannel, aDelivery } from '../../contracts/webhook-intake.contract.ts'
import { needs } from './needs.ts'
import { quietLog, until } from './quiet.ts'
import { type RabbitSetup, rabbitSetup } from './rabbit-setup.ts'

test('is no broker there, a delivery is refused at once', async (t) => {
  const rabbit = connectRabbit({ url: 'amqp://127.0.0.1:1', name: 'nobody', log: quietLog })
  const topology = topologyOf()
  const publisher = createRabbitPublisher({ rabbit, topology, log: quietLog })
  const intake = createRabbitIntake({ publisher, topology })
  const startMs = performance.now()
  for (let count = 0; count < 50; count++)
    await t.throwsAsync(intake.accept(aDelivery(aChannel())), { instanceOf: Unavailable })
  t.true(performance.now() - startMs < 20_000)
  await publisher.close()
  await closeRabbit(rabbit)
})

if (needs(test, 'RabbitMQ', ['TEST_RABBITMQ_URL'])) {
  const within = async (
    body: (setup: RabbitSetup) => Promise<void>,
    retryDelaysMs?: readonly number[],
  ): Promise<void> => {
    const setup = await rabbitSetup(process.env['TEST_RABBITMQ_URL'] ?? '', retryDelaysMs)
    try {
      await body(setup)
    } finally {
      await setup.dispose()
    }
  }
  const deadLetter = async ({ rabbit, topology }: RabbitSetup) => {
    for (let tries = 0; tries < 1_500; tries++) {
      const message = await rabbit.basicGet({ queue: topology.dead, noAck: true })
      if (message !== undefined) return message
      await delay(20)
    }
    throw new Error('Nothing was dead-lettered.')
  }

  test.serial(
    'A10: an unroutable delivery is refused though the broker confirms it, and its queue is made again',
    (t) =>
      within(async ({ intake, rabbit, topology }) => {
        await intake.accept(aDelivery(aChannel()))
        await rabbit.queueDelete({ queue: topology.work.queue })
        const results = await Promise.allSettled(Array.from({ length: 50 }, () => intake.accept(aDelivery(aChannel()))))
        t.true(results.every((result) => result.status === 'rejected' && result.reason instanceof Unavailable))
        await until(() =>
          intake.accept(aDelivery(aChannel())).then(
            () => true,
            () => false,
          ),
        )
      }),
  )

  test.serial(
    'a delivery that fails ten times is dead-lettered with its reason and its bytes, its neighbours are handled',
    (t) =>
      within(
        async (setup) => {
          const channel = aChannel()
          const poison = aDelivery(channel, { body: Buffer.from([0, 255, 1]) })
          const others = Array.from({ length: 40 }, () => aDelivery(channel))
          await Promise.all([...others, poison].map((one) => setup.intake.accept(one)))
          const done = new Set<string>()
          let tries = 0
          const source = setup.source()
          await source.start(
            async (batch) => {
              if (batch.some(({ id }) => id === poison.id)) {
                tries += 1
                throw new TypeError('cannot read it')
              }
              for (const { id } of batch) done.add(id)
            },
            { concurrency: 2 },
          )
          const message = await deadLetter(setup)
          await until(() => done.size === 40)
          await source.stop()
          t.is(tries, 10)
          t.is(message.messageId, poison.id)
          t.deepEqual([...(message.body as Buffer)], [0, 255, 1])
          t.like(message.headers, { reason: 'TypeError: cannot read it', failures: 10, channelId: poison.channelId })
        },
        [5, 10],
      ),
  )

  test.serial('a delivery that fails ten times is handed over to be kept, again until that works', (t) =>
    within(
      async (setup) => {
        const poison = aDelivery(aChannel(), { body: Buffer.from([0, 255, 1]) })
        await setup.intake.accept(poison)
        const given: (readonly unknown[])[] = []
        let tries = 0
        const source = setup.source()
        await source.start(
          async () => {
            tries += 1
            throw new TypeError('cannot read it')
          },
          {
            concurrency: 1,
            handleGivenUp: async ({ id, body }, error) => {
              given.push([id, [...body], String(error)])
              if (given.length === 1) throw new Error('the database is away')
            },
          },
        )
        await until(() => given.length === 2)
        await source.stop()
        t.deepEqual(given[1], [poison.id, [0, 255, 1], 'TypeError: cannot read it'])
        t.is(tries, 11)
        t.is(await setup.rabbit.basicGet({ queue: setup.topology.dead, noAck: true }), undefined)
      },
      [5, 10],
    ),
  )

  test.serial('what another program put into the queue is dead-lettered with a reason', (t) =>
    within(async (setup) => {
      const { queue } = setup.topology.work
      const source = setup.source()
      const got: RawDelivery[] = []
      await source.start(async (batch) => void got.push(...batch), { concurrency: 1 })
      const reasons: unknown[] = []
      const good = {
        orgId: aChannel().orgId,
        channelId: aChannel().channelId,
        verified: true,
        receivedAt: new Date().toISOString(),
        requestId: 'r',
      }
      const id = aDelivery(aChannel()).id
      const publisher = setup.rabbit.createPublisher({ confirm: true })
      for (const envelope of [
        { type: 'invoice.v1', messageId: id, headers: good },
        { type: 'webhook.v1', messageId: 'no uuid', headers: good },
        { type: 'webhook.v1', messageId: id, headers: { ...good, receivedAt: 'yesterday', orgId: 7 } },
        { type: 'webhook.v1', messageId: id },
      ]) {
        await publisher.send({ routingKey: queue, durable: true, ...envelope }, Buffer.from('x'))
        reasons.push((await deadLetter(setup)).headers?.['reason'])
      }
      await publisher.send(
        { routingKey: queue, durable: true, type: 'webhook.v1', messageId: id, headers: good },
        { json: true },
      )
      reasons.push((await deadLetter(setup)).headers?.['reason'])
      await publisher.close()
      await source.stop()
      t.deepEqual(got, [])
      t.regex(String(reasons[0]), /unknown message type invoice\.v1/)
      t.regex(String(reasons[1]), /not a UUID/)
      t.regex(String(reasons[2]), /orgId must be string.*receivedAt must match/)
      t.regex(String(reasons[3]), /must be object/)
      t.regex(String(reasons[4]), /body is not bytes/)
    }),
  )

  test.serial(
    'B19: a delivery of a newer version goes round until somebody knows it, without being blamed; an older one stays known',
    (t) =>
      within(
        async (setup) => {
          const { queue } = setup.topology.work
          const { id, receivedAt, body: _body, ...fields } = aDelivery(aChannel())
          const newer = {
            type: 'webhook.v2',
            messageId: id,
            headers: { ...fields, receivedAt: receivedAt.toISOString() },
          }
          const publisher = setup.rabbit.createPublisher({ confirm: true })
          await publisher.send({ routingKey: queue, durable: true, ...newer }, Buffer.from('x'))
          await publisher.close()
          const old = aDelivery(aChannel())
          await setup.intake.accept(old)
          const got: string[] = []
          let parkings = 0
          const counted: RabbitPublisher = {
            ...setup.publisher,
            publish: (...args) => setup.publisher.publish(...args).finally(() => (parkings += 1)),
          }
          const { rabbit, topology } = setup
          const source = createRabbitSource({ rabbit, publisher: counted, topology, log: quietLog })
          await source.start(async (batch) => void got.push(...batch.map((one) => one.id)), { concurrency: 1 })
          // More often than ten failures would be.
          await until(() => parkings > 12 && got.length > 0)
          await source.stop()
          t.deepEqual(got, [old.id])
          const kept: SyncMessage[] = []
          await until(async () => {
            for (const name of [queue, ...topology.retries.map((retry) => retry.queue)]) {
              const message = await rabbit.basicGet({ queue: name, noAck: true })
              if (message) kept.push(message)
            }
            return kept.length > 0
          })
          t.like(kept[0], { type: 'webhook.v2', messageId: id })
          t.deepEqual(String(kept[0]?.body), 'x')
          t.is(kept[0]?.headers?.['failures'], undefined)
          t.is(await rabbit.basicGet({ queue: topology.dead, noAck: true }), undefined)
        },
        [5, 10],
      ),
  )

  test.serial('one that was held ten times by somebody who vanished goes round once and is handled', (t) =>
    within(
      async ({ intake, rabbit, topology, source }) => {
        const delivery = aDelivery(aChannel())
        await intake.accept(delivery)
        for (let times = 0; times < 10; times++) {
          const channel = await rabbit.acquire()
          await until(async () => (await channel.basicGet({ queue: topology.work.queue })) !== undefined)
          await channel.close()
        }
        const got: string[] = []
        const startMs = performance.now()
        const consumer = source()
        await consumer.start(async (batch) => void got.push(...batch.map(({ id }) => id)), { concurrency: 1 })
        await until(() => got.length > 0)
        await consumer.stop()
        t.deepEqual(got, [delivery.id])
        t.true(performance.now() - startMs >= 200, 'it waited in a retry queue')
      },
      [200],
    ),
  )
}
