import { setTimeout as delay } from 'node:timers/promises'
import { type AsyncMessage, type Consumer, ConsumerStatus } from 'rabbitmq-client'
import type { Logger } from '../../ports/logger.ts'
import type { SourceOptions, WebhookSource } from '../../ports/webhook-intake.ts'
import { isForApp, isNewer, readDelivery } from './delivery-message.ts'
import { reasonOf } from './failure.ts'
import type { PostgresQueue } from './postgres-queue.ts'
import { putAside } from './put-aside.ts'
import type { RabbitConnection } from './rabbit-connection.ts'
import { bytesOf, ownHeaders, typeOf } from './rabbit-message.ts'
import { MESSAGE_TYPE, type RabbitPublisher, versionOf } from './rabbit-publisher.ts'
import type { Topology } from './topology.ts'

const PREFETCH = 20
const RETRY_MS = 1_000
/** Then a copy takes its place at the end: a broker counts deliveries, and one that is asked too often may drop it. */
const TRIES = 60

export type DeadLetterSourceOptions = Readonly<{
  rabbit: RabbitConnection
  publisher: RabbitPublisher
  topology: Topology
  queue: Pick<PostgresQueue, 'bury'>
  log: Logger
}>

/**
 * Empties the broker's dead-letter queue, to which the broker itself moves what vanished with its holder too often: into the
 * quarantine of the organization whose delivery it is, else to the installation's dead letters in the table. So there is one
 * place to look at on every profile.
 */
export function createDeadLetterSource(options: DeadLetterSourceOptions): WebhookSource {
  const { rabbit, publisher, topology, queue, log } = options
  let consumer: Consumer | undefined
  let giveUp: SourceOptions['handleGivenUp']
  let stopping = new AbortController()

  const keep = async (message: AsyncMessage): Promise<boolean> => {
    const headers = ownHeaders(message)
    const reason = typeof headers['reason'] === 'string' ? headers['reason'] : 'whoever held it died or hung'
    const read = readDelivery(message.messageId, message.headers, message.body)
    if (message.type === MESSAGE_TYPE && 'delivery' in read && !isForApp(read.delivery) && giveUp !== undefined)
      return putAside(giveUp, read.delivery, new Error(reason), log)
    const { failures: _failures, parked: _parked, reason: _reason, ...meta } = headers
    const version = versionOf(message.type)
    try {
      await queue.bury({
        about: String(message.messageId ?? ''),
        queue: topology.name,
        meta: isNewer(version) ? { ...meta, version } : meta,
        payload: bytesOf(message.body),
        reason,
      })
      return true
    } catch (error) {
      log.warn({ reason: reasonOf(error) }, 'a dead letter could not be kept yet')
      return false
    }
  }

  const receive = async (message: AsyncMessage): Promise<ConsumerStatus> => {
    for (let tries = 0; tries < TRIES && !stopping.signal.aborted; tries++) {
      if (await keep(message)) return ConsumerStatus.ACK
      await delay(RETRY_MS, undefined, { signal: stopping.signal }).catch(() => {})
    }
    try {
      const { messageId, body } = message
      const copy = { ...typeOf(message), headers: ownHeaders(message), body: bytesOf(body) }
      await publisher.publish(topology.dead, { id: String(messageId ?? ''), ...copy })
      return ConsumerStatus.ACK
    } catch {
      return ConsumerStatus.REQUEUE
    }
  }

  return {
    async start(_handle, { handleGivenUp }) {
      giveUp = handleGivenUp
      stopping = new AbortController()
      const [dead] = topology.queues.filter((one) => one.queue === topology.dead)
      consumer = rabbit.createConsumer(
        { queue: topology.dead, ...(dead && { queueOptions: dead }), qos: { prefetchCount: PREFETCH } },
        receive,
      )
      consumer.on('error', (error) => log.debug({ reason: reasonOf(error) }, 'the dead letters lost a channel'))
    },

    async stop() {
      stopping.abort()
      const timer = new AbortController()
      await Promise.race([consumer?.close(), delay(5_000, undefined, { signal: timer.signal })]).catch(() => {})
      timer.abort()
      consumer = undefined
    },
  }
}
