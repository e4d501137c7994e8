import { Unavailable } from '../../core/errors.ts'
import type { Logger } from '../../ports/logger.ts'
import { within } from './deadline.ts'
import { DELIVERY_VERSION } from './delivery-message.ts'
import { reasonOf } from './failure.ts'
import type { RabbitConnection } from './rabbit-connection.ts'
import type { Topology } from './topology.ts'

export type OutgoingMessage = Readonly<{
  id: string
  /** Of ours by default. */
  type?: string
  headers: Readonly<Record<string, unknown>>
  body: Buffer
}>

export type RabbitPublisher = Readonly<{
  /** Resolves once the broker has the message on disk in that queue; else Unavailable, within the time limit. */
  publish(queue: string, message: OutgoingMessage): Promise<void>
  /** Rejects, saying why, where nothing can be published now: no connection, no answer, an alarm, no queue (which is made again). */
  check(): Promise<void>
  /** Declares the queues if the broker can be reached now; else it happens at the first publish. */
  start(): Promise<void>
  close(): Promise<void>
}>

type UnderWay = { isReturned: boolean; readonly fail: (error: Error) => void }

export type RabbitPublisherOptions = Readonly<{
  rabbit: RabbitConnection
  topology: Topology
  log: Logger
  confirmWithinMs?: number
}>

/** More than a broker under load needs, and little enough that the spool's turn comes well before the platform's patience ends. */
const CONFIRMED_WITHIN_MS = 750
const CHECKED_WITHIN_MS = 1_000
const DECLARED_WITHIN_MS = 10_000
const CLOSED_WITHIN_MS = 1_000

export const MESSAGE_TYPE = `webhook.v${DELIVERY_VERSION}`

/** Null for a type that is none of ours. */
export function versionOf(type: unknown): number | null {
  const [, version] = /^webhook\.v([1-9]\d{0,5})$/.exec(String(type)) ?? []
  return version === undefined ? null : Number(version)
}

export function createRabbitPublisher(options: RabbitPublisherOptions): RabbitPublisher {
  const { rabbit, topology, log, confirmWithinMs = CONFIRMED_WITHIN_MS } = options
  // Declares on every new channel, so that a broker that comes back empty has its queues again.
  const publisher = rabbit.createPublisher({ confirm: true, maxAttempts: 1, queues: [...topology.queues] })
  const underWay = new Map<string, UnderWay>()
  publisher.on('basic.return', ({ correlationId }) => {
    const one = underWay.get(correlationId ?? '')
    if (one) one.isReturned = true
  })
  // Whoever waits for a confirmation then waits for the end of the alarm.
  let blocked: string | null = null
  rabbit.on('connection.blocked', (reason) => {
    blocked = reason
    for (const { fail } of underWay.values()) fail(new Error(`The broker takes no messages: ${reason}.`))
  })
  rabbit.on('connection.unblocked', () => (blocked = null))
  rabbit.on('connection', () => (blocked = null))
  let sequence = 0
  let declaring: Promise<void> | undefined

  const declare = async (): Promise<void> => {
    const all = async () => {
      for (const queue of topology.queues) await rabbit.queueDeclare(queue)
    }
    await within(DECLARED_WITHIN_MS, all(), () => new Error('The broker did not declare the queues in time.'))
  }
  const declareSoon = (): void => {
    declaring ??= declare()
      .catch((error: unknown) => log.warn({ reason: reasonOf(error) }, 'the queues could not be declared'))
      .finally(() => (declaring = undefined))
  }

  const confirmed = async (correlationId: string, queue: string, message: OutgoingMessage): Promise<void> => {
    const { id, type = MESSAGE_TYPE, headers, body } = message
    await publisher.send(
      {
        routingKey: queue,
        durable: true,
        mandatory: true,
        messageId: id,
        correlationId,
        type,
        // Not JSON: the client would parse it, and the signature is over the bytes.
        contentType: 'application/octet-stream',
        headers: { ...headers },
      },
      body,
    )
    // An unroutable message is confirmed as well; its return was read before, but is told one turn of the loop later.
    await new Promise((resolve) => setImmediate(resolve))
    if (!underWay.get(correlationId)?.isReturned) return
    declareSoon()
    throw new Error(`There is no queue ${queue}.`)
  }
  const confirmedInTime = (queue: string, message: OutgoingMessage): Promise<void> => {
    const correlationId = String(++sequence)
    const { promise: failed, reject: fail } = Promise.withResolvers<never>()
    underWay.set(correlationId, { isReturned: false, fail })
    const late = () => new Error(`No confirmation within ${confirmWithinMs} ms.`)
    return within(confirmWithinMs, Promise.race([failed, confirmed(correlationId, queue, message)]), late).finally(() =>
      underWay.delete(correlationId),
    )
  }

  return {
    async publish(queue, message) {
      if (!rabbit.ready) throw new Unavailable('The broker is away.')
      try {
        await confirmedInTime(queue, message)
      } catch (error) {
        throw new Unavailable('The broker did not take a message.', error)
      }
    },
    async check() {
      if (blocked !== null) throw new Unavailable(`The broker takes no messages: ${blocked}.`)
      if (!rabbit.ready) throw new Unavailable('There is no connection to the broker.')
      // Not passively, which overlooks a queue of this name that is of another kind, and so keeps less.
      const found = rabbit.queueDeclare(topology.work)
      try {
        await within(CHECKED_WITHIN_MS, found, () => new Unavailable('The broker does not answer.'))
      } catch (error) {
        if (rabbit.ready) declareSoon()
        throw error
      }
    },
    async start() {
      try {
        await rabbit.onConnect(5_000, true)
        await declare()
      } catch (error) {
        const says = isOtherQueue(error)
          ? 'the broker has a queue of this name that is of another kind, and nothing goes through it; delete it or change SERVICES_PREFIX'
          : 'the broker cannot be reached yet'
        log.warn({ reason: reasonOf(error) }, says)
      }
    },
    async close() {
      // A broker that does not answer: closing the connection ends it.
      await within(CLOSED_WITHIN_MS, publisher.close(), () => new Error('late')).catch(() => {})
    },
  }
}

/** Declared by somebody else as classic or transient, say: the broker does not change it. */
const isOtherQueue = (error: unknown): boolean => (error as { code?: unknown }).code === 'PRECONDITION_FAILED'
