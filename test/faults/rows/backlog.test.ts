import { randomBytes } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { type OpenMessaging, openMessaging } from '../../../src/adapters/messaging/open-messaging.ts'
import { connectionConfig } from '../../../src/adapters/persistence/connection.ts'
import type { Config, Secrets } from '../../../src/config.ts'
import { quietLog, systemClock, until } from '../../adapters/messaging/quiet.ts'
import { aChannel, aDelivery } from '../../contracts/webhook-intake.contract.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../../support/database.ts'
import { deleteQueues } from '../../support/rabbit-queues.ts'
import { onServer } from '../../support/template.ts'

const BACKLOG = 3_000
const PLACES = 4
const IN_A_BATCH = 100
/** From then on deliveries go to the table. */
const IN_BROKER = 5_000

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())

  const rabbitmqUrl = profile === 'services' ? (process.env['TEST_RABBITMQ_URL'] ?? null) : null
  /** As the program opens it. */
  async function messaging(t: ExecutionContext): Promise<OpenMessaging> {
    const servicesPrefix = `backlog-${randomBytes(4).toString('hex')}`
    const direct = connectionConfig(db.target)
    const opened = await openMessaging({
      config: { servicesPrefix, deliveryDeadlineMs: 60_000 } as Config,
      secrets: { rabbitmqUrl } as Secrets,
      log: quietLog,
      clock: systemClock,
      database: { systemPool: db.systemPool({ size: 6 }), direct, directSystem: direct },
      failpoint: null,
    })
    t.teardown(async () => {
      await opened.close()
      if (rabbitmqUrl !== null) await deleteQueues(rabbitmqUrl, servicesPrefix)
    })
    return opened
  }
  const inTable = (...states: readonly string[]) =>
    onServer(db.admin, async (client) => {
      const { rows } = await client.query<{ n: number }>(
        'select count(*)::int as n from jobs where queue = $1 and state = any($2)',
        ['inbound', states],
      )
      return rows[0]?.n ?? 0
    })

  test.serial(
    `B15, S111: ${profile}: behind a backlog others are handled while it stands still; a process holds a part of it, and nothing is lost`,
    async (t) => {
      t.timeout(120_000)
      const { intake, source } = await messaging(t)
      const first = aChannel()
      // One place is left to the others, which they have to reach.
      const noisy = [first, ...Array.from({ length: PLACES - 2 }, () => ({ ...aChannel(), orgId: first.orgId }))]
      const others = Array.from({ length: 5 }, aChannel)
      const backlog = Array.from({ length: BACKLOG }, (_, n) => aDelivery(noisy[n % noisy.length] ?? first))
      for (let at = 0; at < BACKLOG; at += 250)
        await Promise.all(backlog.slice(at, at + 250).map((one) => intake.accept(one)))
      const quiet = others.map((channel) => aDelivery(channel))
      for (const one of quiet) await intake.accept(one)

      const begun: string[] = []
      // What the broker confirms late is in the table as well, under the same id.
      const handled = new Set<string>()
      const goOn = Promise.withResolvers<void>()
      t.teardown(async () => {
        goOn.resolve()
        await source.stop()
      })
      await source.start(
        async (batch) => {
          const isNoisy = batch[0]?.orgId === first.orgId
          if (isNoisy) begun.push(...batch.map(({ id }) => id))
          if (isNoisy) await goOn.promise
          for (const { id } of batch) handled.add(id)
        },
        { concurrency: PLACES },
      )
      await until(() => handled.size >= quiet.length, 60_000)
      t.deepEqual([...handled].sort(), quiet.map(({ id }) => id).sort())
      t.true(begun.length <= (PLACES - 1) * IN_A_BATCH, `${begun.length} of the backlog were begun`)
      t.true((await inTable('READY')) > BACKLOG / 3, 'what is beyond its share waits in no process')

      goOn.resolve()
      const all = [...backlog, ...quiet].map(({ id }) => id as string).sort()
      await until(async () => handled.size >= all.length && (await inTable('READY', 'ACTIVE')) === 0, 60_000)
      await source.stop()
      t.deepEqual([...handled].sort(), all)
      t.is(await inTable('DEAD'), 0)
    },
  )

  if (rabbitmqUrl === null) return
  test.serial(
    `B15: ${profile}: a backlog stays out of the broker where nobody consumes, and nothing is lost`,
    async (t) => {
      t.timeout(120_000)
      const { intake, source } = await messaging(t)
      const channels = Array.from({ length: 4 }, aChannel)
      const backlog = Array.from({ length: 3 * IN_BROKER }, (_, n) => aDelivery(channels[n % 4] ?? aChannel()))
      for (let at = 0; at < backlog.length; at += 250)
        await Promise.all(backlog.slice(at, at + 250).map((one) => intake.accept(one)))
      const spooled = await inTable('READY')
      t.true(spooled > IN_BROKER, `${spooled} of ${backlog.length} are in the table, where organizations take turns`)
      const handled = new Set<string>()
      await source.start(
        async (batch) => {
          for (const { id } of batch) handled.add(id)
        },
        { concurrency: PLACES },
      )
      await until(() => handled.size >= backlog.length, 60_000)
      await source.stop()
      t.deepEqual([...handled].sort(), backlog.map(({ id }) => id as string).sort())
    },
  )
})
