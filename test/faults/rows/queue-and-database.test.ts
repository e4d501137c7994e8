import test from 'ava'
import { createPostgresIntake, createPostgresSource } from '../../../src/adapters/messaging/postgres-intake.ts'
import { createPostgresQueue } from '../../../src/adapters/messaging/postgres-queue.ts'
import { createRabbitSource } from '../../../src/adapters/messaging/rabbit-source.ts'
import { createSpoolingIntake } from '../../../src/adapters/messaging/spooling-intake.ts'
import type { RawDelivery, WebhookIntake, WebhookSource } from '../../../src/ports/webhook-intake.ts'
import { quietLog, systemClock, until } from '../../adapters/messaging/quiet.ts'
import { type RabbitSetup, rabbitSetup } from '../../adapters/messaging/rabbit-setup.ts'
import { aMessage, minutes } from '../../builders/events.ts'
import { RecordingLog } from '../../fakes/recording-log.ts'
import { type CoreOnDatabase, coreOn, deliveryOf, type Inbox, seedInbox } from '../../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../../support/database.ts'
import { all, inboxState } from '../../support/inbox-state.ts'
import { onServer } from '../../support/template.ts'
import { behindProxy, type ProxiedDatabase } from '../harness/behind-proxy.ts'
import { fillDisk } from '../harness/full-disk.ts'
import { createTcpProxy, type TcpProxy } from '../harness/tcp-proxy.ts'

const noWakeups = { wake: () => {}, on: () => () => {} }

onEachProfile((profile) => {
  let db: TestDatabase
  let network: ProxiedDatabase
  let direct: CoreOnDatabase
  /** Where the queue is RabbitMQ. */
  let broker: Readonly<{ proxy: TcpProxy; setup: RabbitSetup }> | null = null
  test.before(async () => {
    db = await testDatabase(profile)
    network = await behindProxy(db)
    direct = coreOn(db)
    if (profile === 'embedded') return
    const url = new URL(process.env['TEST_RABBITMQ_URL'] ?? '')
    const proxy = await createTcpProxy({ target: Number(url.port || 5672) })
    url.host = `127.0.0.1:${proxy.port}`
    broker = { proxy, setup: await rabbitSetup(url.toString(), [50, 50]) }
  })
  test.after.always(async () => {
    await broker?.proxy.heal()
    await broker?.setup.dispose()
    await broker?.proxy.close()
    await network?.close()
    await db?.close()
  })

  const tableQueue = () =>
    createPostgresQueue({
      pool: network.systemPool({ size: 2, statementTimeoutMs: 2_000 }),
      ...{ clock: systemClock, log: quietLog, wakeups: noWakeups },
    })
  const jobs = async () =>
    (
      await onServer(db.admin, (client) =>
        client.query<{ state: string }>(`select state from jobs where queue = 'inbound'`),
      )
    ).rows
  /** What was given up, and what still waits. */
  const leftInQueue = async (): Promise<number> => {
    const inTable = (await jobs()).length
    if (!broker?.setup.rabbit.ready) return inTable
    const { rabbit, topology } = broker.setup
    const counts = await Promise.all(
      topology.queues.map(
        async ({ queue }) => (await rabbit.queueDeclare({ queue: queue as string, passive: true })).messageCount,
      ),
    )
    return counts.reduce((sum, count) => sum + count, inTable)
  }

  /** The profile's queue, drained into the core by one consumer. */
  function consumer(log: RecordingLog): WebhookSource {
    if (!broker) return createPostgresSource({ queue: tableQueue(), wakeups: noWakeups, log })
    const { consuming, publisher, topology } = broker.setup
    return createRabbitSource({ rabbit: consuming, publisher, topology, log })
  }
  const intake = (): WebhookIntake => broker?.setup.intake ?? createPostgresIntake({ queue: tableQueue() })

  const stored = async (inbox: Inbox): Promise<readonly string[]> => {
    const { threads } = await inboxState(direct.queries, inbox.orgId)
    return threads.flatMap(({ messages }) => messages.map(({ externalId }) => String(externalId))).toSorted()
  }
  const told = (inbox: Inbox, count: number): readonly RawDelivery[] =>
    Array.from({ length: count }, (_, index) =>
      deliveryOf(inbox, [aMessage({ externalId: `m${index}`, at: minutes(index) })]),
    )
  const expected = (count: number) => Array.from({ length: count }, (_, index) => `m${index}`).toSorted()

  let makeRoom = async (): Promise<void> => {}
  for (const [how, strike, mend] of [
    ['is away', () => network.proxy.refuse(), () => network.proxy.heal()],
    ['says nothing', async () => network.proxy.set('response', { kind: 'black-hole' }), () => network.proxy.heal()],
    [
      'takes no writes',
      () => network.alter('set default_transaction_read_only = on'),
      () => network.alter('reset default_transaction_read_only'),
    ],
    ['has no connection left', () => network.alter('connection limit 0'), () => network.alter('connection limit -1')],
    [
      'has no disk left',
      async () => {
        makeRoom = await fillDisk(db.admin, 'messages')
      },
      () => makeRoom(),
    ],
  ] as const) {
    test.serial(`B4: ${profile}: while the database ${how} deliveries wait, and none is blamed`, async (t) => {
      const inbox = await seedInbox(direct.orm)
      const on = coreOn(network, { silenceMs: 500 })
      const deliveries = told(inbox, 3)
      for (const delivery of deliveries) await intake().accept(delivery)
      const log = new RecordingLog()
      let failures = 0
      let struck = false
      const source = consumer(log)
      await source.start(
        async (batch) => {
          if (!struck) {
            struck = true
            // With the batch in hand.
            await strike()
          }
          await on.core.receiveWebhooks(batch).catch((error: unknown) => {
            failures++
            throw error
          })
        },
        { concurrency: 1, handleGivenUp: on.core.putAsideGivenUp },
      )
      try {
        await until(() => failures >= 2)
        t.deepEqual(await stored(inbox), [])
        await mend()
        await until(async () => (await stored(inbox)).length === 3 && (await leftInQueue()) === 0, 60_000)
      } finally {
        await mend()
        await source.stop()
      }
      t.deepEqual(await stored(inbox), expected(3))
      t.is((await direct.queries.channel(inbox.orgId, inbox.channelId))?.health.quarantined, 0)
      // A failure that counts is a failed batch; one that does not waits.
      t.deepEqual(
        log.lines.filter(({ message }) => message === 'a batch failed'),
        [],
      )
    })
  }

  test.serial(
    `A8: ${profile}: a delivery whose confirmation is lost is handed over again, and stored once`,
    async (t) => {
      const inbox = await seedInbox(direct.orm)
      const queue = tableQueue()
      const spool = createPostgresIntake({ queue })
      const door = broker
        ? createSpoolingIntake({ broker: broker.setup.intake, spool, clock: systemClock, log: quietLog })
        : spool
      const deliveries = told(inbox, 4)
      await door.accept(deliveries[0] as RawDelivery)
      const lossy = broker?.proxy ?? network.proxy
      lossy.set('response', { kind: 'black-hole' })
      const answers = await Promise.allSettled(deliveries.slice(1).map((delivery) => door.accept(delivery)))
      await lossy.heal()
      for (const { status } of answers) t.is(status, broker ? 'fulfilled' : 'rejected')
      t.is((await jobs()).length, broker ? 3 : 4, 'the one that was not confirmed is there too')
      const sources = [consumer(new RecordingLog())]
      if (broker) sources.push(createPostgresSource({ queue, wakeups: noWakeups, log: quietLog }))
      let handled = 0
      for (const source of sources)
        await source.start(
          async (batch) => {
            await direct.core.receiveWebhooks(batch)
            handled += batch.length
          },
          { concurrency: 2 },
        )
      if (!broker) {
        // The platform heard 503 and comes again, which is another delivery of the same words, when the first is stored.
        await until(() => handled === 4, 60_000)
        for (const again of told(inbox, 4).slice(1)) await spool.accept(again)
      }
      await until(async () => (await leftInQueue()) === 0 && handled >= 7, 60_000)
      await Promise.all(sources.map((source) => source.stop()))
      t.is(handled, 7)
      t.deepEqual(await stored(inbox), expected(4))
      const notifications = await all((page) => direct.queries.notifications(inbox.orgId, inbox.memberId, {}, page))
      t.is(notifications.length, 4)
    },
  )
})
