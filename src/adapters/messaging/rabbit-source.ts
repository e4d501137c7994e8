import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { type AsyncMessage, type Consumer, ConsumerStatus } from 'rabbitmq-client'
import type { Logger } from '../../ports/logger.ts'
import type { SourceOptions, WebhookSource } from '../../ports/webhook-intake.ts'
import { type ChannelBatcher, createChannelBatcher } from './channel-batcher.ts'
import { type AnyDelivery, batchKey, handlerOfAny, isForApp, readDelivery } from './delivery-message.ts'
import { reasonOf } from './failure.ts'
import { putAside } from './put-aside.ts'
import type { RabbitConnection } from './rabbit-connection.ts'
import { MESSAGE_TYPE, type RabbitPublisher } from './rabbit-publisher.ts'
import type { Topology } from './topology.ts'

const PREFETCH = 500
const MAX_BATCH = 100
const MAX_ATTEMPTS = 10
/** After so many failures a delivery is handed out alone. */
const SUSPECT_AFTER = 3
/** So often somebody who held it vanished: it is sent round another way, to part it from those that were merely beside it. */
const LOST_TOO_OFTEN = 3
const ACKNOWLEDGED_WITHIN_MS = 100

export type RabbitSourceOptions = Readonly<{
  rabbit: RabbitConnection
  /** Over a connection of its own; for retries and dead letters. */
  publisher: RabbitPublisher
  topology: Topology
  log: Logger
}>

type Item = Readonly<{
  message: AsyncMessage
  delivery: AnyDelivery
  failures: number
  settle(status: ConsumerStatus): void
}>

export function createRabbitSource({ rabbit, publisher, topology, log }: RabbitSourceOptions): WebhookSource {
  let consumer: Consumer | undefined
  let batcher: ChannelBatcher<Item> | undefined
  let giveUp: SourceOptions['handleGivenUp']
  let stopped = true
  let cancelled = false
  let late: (() => void)[] = []

  /** The copy is confirmed before the original is acknowledged: twice rather than not at all. */
  const moveOn = async (
    message: AsyncMessage,
    failures: number,
    reason: string,
    random = false,
  ): Promise<ConsumerStatus> => {
    const last = topology.retries.length - 1
    const step = random
      ? Math.floor(Math.random() * Math.min(3, topology.retries.length))
      : Math.min(failures - 1, last)
    const retry = failures >= MAX_ATTEMPTS ? undefined : topology.retries[step]
    const fields = { ...ownHeaders(message), failures, reason }
    const id = String(message.messageId ?? '')
    if (retry === undefined)
      log.error({ rawEventId: id, reason, failures }, 'a delivery was given up and is in the dead-letter queue')
    try {
      await publisher.publish(retry?.queue ?? topology.dead, { id, headers: fields, body: bytesOf(message.body) })
      return ConsumerStatus.ACK
    } catch (error) {
      log.warn({ reason: reasonOf(error) }, 'a retry could not be queued; the delivery goes back')
      await delay(stopped ? 0 : 1_000)
      return ConsumerStatus.REQUEUE
    }
  }

  /** Kept where an organization can see it, or tried again while that cannot be done; what is no organization's is dead. */
  const fail = async (
    { message, delivery, failures }: Pick<Item, 'message' | 'delivery' | 'failures'>,
    error: unknown,
    random = false,
  ): Promise<ConsumerStatus> => {
    const reason = reasonOf(error)
    if (failures < MAX_ATTEMPTS || giveUp === undefined || isForApp(delivery))
      return moveOn(message, failures, reason, random)
    if (!(await putAside(giveUp, delivery, error, log))) return moveOn(message, MAX_ATTEMPTS - 1, reason)
    return ConsumerStatus.ACK
  }

  const failed = async (batch: readonly Item[], error: unknown): Promise<void> => {
    const reason = reasonOf(error)
    log.warn({ reason, size: batch.length, about: batch[0] && batchKey(batch[0].delivery) }, 'a batch failed')
    await Promise.all(
      batch.map(async ({ settle, ...item }) => settle(await fail({ ...item, failures: item.failures + 1 }, error))),
    )
  }

  const receive = (message: AsyncMessage): Promise<ConsumerStatus> | ConsumerStatus => {
    if (cancelled || batcher === undefined) return ConsumerStatus.REQUEUE
    const into = batcher
    // Not at once: as long as we consume it would come straight back.
    if (stopped) return new Promise((settle) => late.push(() => settle(ConsumerStatus.REQUEUE)))
    if (message.type !== MESSAGE_TYPE) return moveOn(message, MAX_ATTEMPTS, `unknown message type ${message.type}`)
    const read = readDelivery(message.messageId, message.headers, message.body)
    if ('wrong' in read) return moveOn(message, MAX_ATTEMPTS, read.wrong)
    const failures = numberOf(message, 'failures')
    if (numberOf(message, 'x-delivery-count') >= LOST_TOO_OFTEN) {
      const item = { message, delivery: read.delivery, failures: failures + 1 }
      return fail(item, new Error('whoever held it died or hung'), true)
    }
    return new Promise((settle) => into.add({ message, delivery: read.delivery, failures, settle }))
  }

  /** They come again on the next channel; here they cannot be acknowledged any more. */
  const forget = (): void => {
    for (const { settle } of batcher?.clear() ?? []) settle(ConsumerStatus.REQUEUE)
  }

  return {
    async start(handle, options) {
      const handleAny = handlerOfAny(handle, options)
      if (!stopped) throw new Error('The source runs already.')
      stopped = cancelled = false
      giveUp = options.handleGivenUp
      void publisher.start()
      batcher = createChannelBatcher<Item>({
        concurrency: options.concurrency,
        maxBatch: MAX_BATCH,
        keyOf: ({ delivery }) => batchKey(delivery),
        isSuspect: ({ failures }) => failures >= SUSPECT_AFTER,
        handle: (batch) => handleAny(batch.map(({ delivery }) => delivery)),
        async done(batch) {
          for (const { settle } of batch) settle(ConsumerStatus.ACK)
        },
        failed,
        onRoom() {},
        log,
      })
      rabbit.on('error', forget)
      const { queue, ...queueOptions } = topology.work
      consumer = rabbit.createConsumer({ queue, queueOptions, qos: { prefetchCount: PREFETCH } }, receive)
      consumer.on('error', (error) =>
        log.debug({ reason: reasonOf(error) }, 'the consumer lost a channel or an acknowledgement'),
      )
    },

    async stop() {
      if (stopped) return
      stopped = true
      const rest = (await batcher?.stop()) ?? []
      // A quorum queue takes acknowledgements 32 at a time and forgets those that wait when the channel closes.
      await delay(ACKNOWLEDGED_WITHIN_MS)
      const closed = consumer?.close()
      // The cancellation goes out first.
      await nextTurn()
      for (const { settle } of rest) settle(ConsumerStatus.REQUEUE)
      cancelled = true
      for (const giveBack of late) giveBack()
      late = []
      rabbit.off('error', forget)
      const timer = new AbortController()
      await Promise.race([closed, delay(5_000, undefined, { signal: timer.signal })]).catch(() => {})
      timer.abort()
      batcher = undefined
      consumer = undefined
    },
  }
}

/** Without what the broker added: it counts anew. */
const ownHeaders = (message: AsyncMessage): Record<string, unknown> =>
  Object.fromEntries(Object.entries(message.headers ?? {}).filter(([name]) => !name.startsWith('x-')))

const numberOf = (message: AsyncMessage, header: string): number => {
  const value: unknown = message.headers?.[header]
  return typeof value === 'number' && Number.isFinite(value) ? value : 0
}

const bytesOf = (body: unknown): Buffer =>
  Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
