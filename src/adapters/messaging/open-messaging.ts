import type { ClientConfig, Pool } from 'pg'
import type { Failpoint, FailpointName } from '../../config/failpoints.ts'
import type { Config, Secrets } from '../../config.ts'
import type { Clock } from '../../ports/clock.ts'
import type { InstallationDeadLetters } from '../../ports/dead-letter-store.ts'
import type { Logger } from '../../ports/logger.ts'
import type { WebhookIntake, WebhookSource } from '../../ports/webhook-intake.ts'
import { createCombinedSource, sourceDeadlineMs } from './combined-source.ts'
import { createDeadLetterSource } from './dead-letter-source.ts'
import type { AnyDelivery } from './delivery-message.ts'
import { createInstallationDeadLetters } from './installation-dead-letters.ts'
import { createPostgresIntake, createPostgresSource, enqueueDelivery } from './postgres-intake.ts'
import { createPostgresQueue, type PostgresQueue } from './postgres-queue.ts'
import { createQueueDepth } from './queue-depth.ts'
import { closeRabbit, connectRabbit } from './rabbit-connection.ts'
import { createRabbitIntake } from './rabbit-intake.ts'
import { createRabbitPublisher } from './rabbit-publisher.ts'
import { createRabbitSource } from './rabbit-source.ts'
import { createSpoolingIntake, type SpoolingIntakeOptions } from './spooling-intake.ts'
import { topologyOf } from './topology.ts'
import { createTrials } from './trials.ts'
import { createWakeups, type PostgresWakeups } from './wakeups.ts'

/** What this adapter needs of the database. */
export type MessagingDatabase = Readonly<{
  /** Sessions of the system role. */
  systemPool: Pool
  /** For LISTEN and for the relay's lock: connections of their own, past any pooler. */
  direct: ClientConfig
  /** The same, becoming `dc_system` as they start. */
  directSystem: ClientConfig
}>

export type OpenMessaging = Readonly<{
  wakeups: PostgresWakeups
  queue: PostgresQueue
  deadLetters: InstallationDeadLetters
  intake: WebhookIntake
  source: WebhookSource
  /** Rejects while the broker takes no messages; absent where there is none. */
  ping: (() => Promise<void>) | null
  close(): Promise<void>
}>

type Options = Readonly<{
  config: Config
  secrets: Secrets
  log: Logger
  clock: Clock
  database: MessagingDatabase
  failpoint: Failpoint | null
  metrics?: SpoolingIntakeOptions['metrics']
}>

/** The queue that RABBITMQ_URL chooses. Behind a broker the PostgreSQL queue is the spool, and is drained with it. */
export async function openMessaging(options: Options): Promise<OpenMessaging> {
  const { config, secrets, log, clock, database, failpoint, metrics } = options
  const handledWithinMs = config.deliveryDeadlineMs
  const deadlineMs = secrets.rabbitmqUrl === null ? handledWithinMs : sourceDeadlineMs(handledWithinMs)
  const trials = createTrials({ pool: database.systemPool, log, failpoint })
  const wakeups = createWakeups({ connection: database.direct, log })
  const queue = createPostgresQueue({ pool: database.systemPool, clock, log, wakeups, failpoint })
  const spool = {
    intake: createPostgresIntake({ queue }),
    source: createPostgresSource({ queue, wakeups, log, trials, deadlineMs, failpoint }),
  }
  const deadLetters = createInstallationDeadLetters(database.systemPool)
  if (secrets.rabbitmqUrl === null)
    return { wakeups, queue, deadLetters, ...spool, ping: null, close: () => wakeups.stop() }

  const topology = topologyOf({ prefix: `${config.servicesPrefix}.` })
  const connect = (name: string) =>
    connectRabbit({ url: secrets.rabbitmqUrl as string, name: `delightchat-${name}`, log })
  // A broker that blocks publishers blocks their socket: consumers have one of their own.
  const publishing = connect('publisher')
  const consuming = connect('consumer')
  const publisher = createRabbitPublisher({ rabbit: publishing, topology, log })
  await publisher.start()
  const { isDeep } = createQueueDepth({ rabbit: publishing, queue: topology.work.queue, clock, log })
  const overflow = (delivery: AnyDelivery, attempts: number) => enqueueDelivery(queue, delivery, attempts)
  return {
    wakeups,
    queue,
    deadLetters,
    intake: createSpoolingIntake({
      broker: passing(failpoint, createRabbitIntake({ publisher, topology }), [
        'broker.publishing',
        'broker.confirmed',
      ]),
      spool: passing(failpoint, spool.intake, ['spool.writing', 'spool.written']),
      isDeep,
      clock,
      log,
      ...(metrics && { metrics }),
    }),
    source: createCombinedSource(
      [
        createRabbitSource({ rabbit: consuming, publisher, topology, log, trials, overflow, deadlineMs, failpoint }),
        createDeadLetterSource({ rabbit: consuming, publisher, topology, queue, log }),
        spool.source,
      ],
      { handledWithinMs },
    ),
    ping: () => publisher.check(),
    async close() {
      await publisher.close()
      await Promise.all([closeRabbit(publishing), closeRabbit(consuming), wakeups.stop()])
    },
  }
}

const passing = (
  failpoint: Failpoint | null,
  intake: WebhookIntake,
  [before, after]: readonly [FailpointName, FailpointName],
): WebhookIntake =>
  failpoint === null
    ? intake
    : {
        async accept(delivery) {
          await failpoint(before)
          await intake.accept(delivery)
          await failpoint(after)
        },
      }
