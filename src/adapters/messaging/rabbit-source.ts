import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { type AsyncMessage, type Consumer, ConsumerStatus } from 'rabbitmq-client'
import type { Failpoint } from '../../config/failpoints.ts'
import type { Logger } from '../../ports/logger.ts'
import type { SourceOptions, WebhookSource } from '../../ports/webhook-intake.ts'
import { type ChannelBatcher, createChannelBatcher } from './channel-batcher.ts'
import {
  type AnyDelivery,
  batchKey,
  handlerOfAny,
  isForApp,
  isNewer,
  ownerOf,
  readDelivery,
} from './delivery-message.ts'
import { reasonOf } from './failure.ts'
import { putAside } from './put-aside.ts'
import type { RabbitConnection } from './rabbit-connection.ts'
import { bytesOf, numberOf, ownHeaders, typeOf } from './rabbit-message.ts'
import { MESSAGE_TYPE, type RabbitPublisher, versionOf } from './rabbit-publisher.ts'
import { createShares } from './shares.ts'
import type { Topology } from './topology.ts'
import { KilledItsHolders, type Trials } from './trials.ts'

const PREFETCH = 500
const MAX_BATCH = 100
const MAX_ATTEMPTS = 10
/** After so many failures a delivery is handed out alone. */
const SUSPECT_AFTER = 3
/** So often somebody who held it vanished: it is sent round once, so that the broker counts anew and does not give it up. */
const LOST_TOO_OFTEN = 10
const ACKNOWLEDGED_WITHIN_MS = 100

export type RabbitSourceOptions = Readonly<{
  rabbit: RabbitConnection
  /** Over a connection of its own; for retries and dead letters. */
  publisher: RabbitPublisher
  topology: Topology
  log: Logger
  /** Of deliveries whose holder vanished, so that one that kills it is found; without it they are batched as any other. */
  trials?: Trials
  /**
   * Resolves once it is durable elsewhere: what an organization has beyond its share of what is in this process's hands, with how often
   * it was tried. So the queue's head goes on. What it rejects waits here; without it everything does.
   */
  overflow?: (delivery: AnyDelivery, attempts: number) => Promise<void>
  /** How long a batch may take before it counts as failed. */
  deadlineMs?: number
  failpoint?: Failpoint | null
}>

type Item = Readonly<{
  message: AsyncMessage
  delivery: AnyDelivery
  failures: number
  /** Somebody who held it vanished. */
  wasLost: boolean
  settle(status: ConsumerStatus): void
}>

export function createRabbitSource(options: RabbitSourceOptions): WebhookSource {
  const { rabbit, publisher, topology, log, trials, overflow, deadlineMs, failpoint = null } = options
  let consumer: Consumer | undefined
  let batcher: ChannelBatcher<Item> | undefined
  let giveUp: SourceOptions['handleGivenUp']
  let stopped = true
  let cancelled = false
  let late: (() => void)[] = []
  const shares = createShares()

  /** The copy is confirmed before the original is acknowledged: twice rather than not at all. */
  const moveOn = async (message: AsyncMessage, failures: number, reason: string): Promise<ConsumerStatus> => {
    const last = topology.retries.length - 1
    const step = Math.min(Math.max(0, failures - 1), last)
    const retry = failures >= MAX_ATTEMPTS ? undefined : topology.retries[step]
    const fields = { ...ownHeaders(message), failures, reason }
    const id = String(message.messageId ?? '')
    if (retry === undefined)
      log.error({ rawEventId: id, reason, failures }, 'a delivery was given up and is in the dead-letter queue')
    try {
      const copy = { id, ...typeOf(message), headers: fields, body: bytesOf(message.body) }
      await publisher.publish(retry?.queue ?? topology.dead, copy)
      if (failpoint && retry) await failpoint('retry.queued')
      return ConsumerStatus.ACK
    } catch (error) {
      return goBack(error)
    }
  }

  const goBack = async (error: unknown): Promise<ConsumerStatus> => {
    log.warn({ reason: reasonOf(error) }, 'a retry could not be queued; the delivery goes back')
    await delay(stopped ? 0 : 1_000)
    return ConsumerStatus.REQUEUE
  }

  /** It goes round the retry queues, as often as it takes and without being blamed, until one comes by who knows its version. */
  const park = async (message: AsyncMessage): Promise<ConsumerStatus> => {
    const parked = numberOf(message, 'parked')
    const id = String(message.messageId ?? '')
    if (parked === 0)
      log.warn({ rawEventId: id, type: message.type }, 'a delivery is of a newer version and waits for it')
    const step = topology.retries[Math.min(parked, topology.retries.length - 1)]
    const headers = { ...ownHeaders(message), parked: parked + 1 }
    try {
      await publisher.publish(step?.queue ?? topology.dead, {
        ...{ id, ...typeOf(message), headers, body: bytesOf(message.body) },
      })
      return ConsumerStatus.ACK
    } catch (error) {
      return goBack(error)
    }
  }

  /** Kept where an organization can see it, or tried again while that cannot be done; what is no organization's is dead. */
  const fail = async (
    { message, delivery, failures }: Pick<Item, 'message' | 'delivery' | 'failures'>,
    error: unknown,
  ): Promise<ConsumerStatus> => {
    const reason = reasonOf(error)
    if (failures < MAX_ATTEMPTS || giveUp === undefined || isForApp(delivery)) return moveOn(message, failures, reason)
    if (!(await putAside(giveUp, delivery, error, log))) return moveOn(message, MAX_ATTEMPTS - 1, reason)
    await trials?.forget(delivery.id)
    return ConsumerStatus.ACK
  }

  const failed = async (batch: readonly Item[], error: unknown): Promise<void> => {
    const reason = reasonOf(error)
    log.warn({ reason, size: batch.length, about: batch[0] && batchKey(batch[0].delivery) }, 'a batch failed')
    await Promise.all(
      batch.map(async ({ settle, ...item }) =>
        settle(await fail({ ...item, failures: failuresAfter(item, error) }, error)),
      ),
    )
  }

  // Not at once: as long as we consume it would come straight back.
  const giveBackLater = (): Promise<ConsumerStatus> =>
    new Promise((settle) => late.push(() => settle(ConsumerStatus.REQUEUE)))

  const hold = (item: Omit<Item, 'settle'>, into: ChannelBatcher<Item>, owner: string): Promise<ConsumerStatus> =>
    new Promise((settled) => {
      const settle = (status: ConsumerStatus): void => {
        shares.giveBack(owner)
        settled(status)
      }
      into.add({ ...item, settle })
    })

  /** It is elsewhere before it is acknowledged here: twice rather than not at all. */
  const passOn = async (
    item: Omit<Item, 'settle'>,
    into: ChannelBatcher<Item>,
    to: NonNullable<typeof overflow>,
  ): Promise<ConsumerStatus> => {
    const { delivery, failures, wasLost } = item
    try {
      await to(delivery, Math.max(failures, wasLost ? 1 : 0))
      return ConsumerStatus.ACK
    } catch (error) {
      log.debug({ rawEventId: delivery.id, reason: reasonOf(error) }, 'a delivery has to wait in the process')
      if (cancelled || batcher !== into) return ConsumerStatus.REQUEUE
      if (stopped) return giveBackLater()
      const owner = ownerOf(batchKey(delivery))
      shares.add(owner)
      return hold(item, into, owner)
    }
  }

  const receive = (message: AsyncMessage): Promise<ConsumerStatus> | ConsumerStatus => {
    if (cancelled || batcher === undefined) return ConsumerStatus.REQUEUE
    const into = batcher
    if (stopped) return giveBackLater()
    if (isNewer(versionOf(message.type))) return park(message)
    if (message.type !== MESSAGE_TYPE) return moveOn(message, MAX_ATTEMPTS, `unknown message type ${message.type}`)
    const read = readDelivery(message.messageId, message.headers, message.body)
    if ('wrong' in read) return moveOn(message, MAX_ATTEMPTS, read.wrong)
    const failures = numberOf(message, 'failures')
    const lost = numberOf(message, 'x-delivery-count')
    if (lost >= LOST_TOO_OFTEN) return moveOn(message, failures, 'whoever held it died or hung')
    const { delivery } = read
    const item = { message, delivery, failures, wasLost: lost > 0 }
    const owner = ownerOf(batchKey(delivery))
    if (shares.take(owner)) return hold(item, into, owner)
    // Nobody's before it is split, which is soon done, and elsewhere it would have no turn either.
    if (overflow !== undefined && !isForApp(delivery)) return passOn(item, into, overflow)
    shares.add(owner)
    return hold(item, into, owner)
  }

  const received = (pass: Failpoint) => (message: AsyncMessage) => pass('broker.delivered').then(() => receive(message))

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
        isSuspect: ({ failures, wasLost }) => failures >= SUSPECT_AFTER || (trials !== undefined && wasLost),
        handle(batch, signal) {
          const work = () =>
            handleAny(
              batch.map(({ delivery }) => delivery),
              signal,
            )
          const [first] = batch
          return trials && first?.wasLost ? trials.run(first.delivery.id, work, signal) : work()
        },
        async done(batch) {
          for (const { settle } of batch) settle(ConsumerStatus.ACK)
          if (failpoint) await failpoint('batch.acknowledged')
        },
        failed,
        onRoom() {},
        log,
        ...(deadlineMs !== undefined && { deadlineMs }),
      })
      rabbit.on('error', forget)
      const { queue, ...queueOptions } = topology.work
      consumer = rabbit.createConsumer(
        { queue, queueOptions, qos: { prefetchCount: PREFETCH } },
        failpoint ? received(failpoint) : receive,
      )
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

/** What kills its holders is given up at once. */
const failuresAfter = ({ failures }: Pick<Item, 'failures'>, error: unknown): number =>
  error instanceof KilledItsHolders ? MAX_ATTEMPTS : failures + 1
