import type { Cmd, MethodParams } from 'rabbitmq-client'

type QueueDeclare = MethodParams[Cmd.QueueDeclare]

export type Topology = Readonly<{
  /** Of the same deliveries where they are in the table. */
  name: 'inbound'
  /** Verified webhook bodies on their way to the inbound role. */
  work: QueueDeclare & { queue: string }
  /** One queue for each delay: a time to live is looked at only at a queue's head. */
  retries: readonly Readonly<{ queue: string; delayMs: number }>[]
  /** What was given up, with its reason in the headers. */
  dead: string
  /** All of them, to declare; the work queue last, since the others must be there when it dead-letters. */
  queues: readonly QueueDeclare[]
}>

const RETRY_DELAYS_MS = [1_000, 5_000, 30_000, 300_000]
/**
 * Redeliveries after crashes and lost connections, which are mostly nobody's fault: the consumer gives up long before.
 * RabbitMQ 4 has this limit by default, 3 has none.
 */
const DELIVERY_LIMIT = 20

/** `prefix` keeps several installations apart on one broker. */
export function topologyOf({
  prefix = '',
  retryDelaysMs = RETRY_DELAYS_MS,
}: {
  prefix?: string
  retryDelaysMs?: readonly number[]
} = {}): Topology {
  const name = `${prefix}inbound`
  const dead = `${name}.dead`
  const retries = retryDelaysMs.map((delayMs) => ({ queue: `${name}.retry.${delayMs}ms`, delayMs }))
  const work = quorum(name, { 'x-delivery-limit': DELIVERY_LIMIT, ...deadLetterTo(dead) })
  return {
    name: 'inbound',
    work,
    retries,
    dead,
    queues: [
      quorum(dead),
      ...retries.map(({ queue, delayMs }) => quorum(queue, { 'x-message-ttl': delayMs, ...deadLetterTo(name) })),
      work,
    ],
  }
}

const quorum = (queue: string, more: Record<string, unknown> = {}) => ({
  queue,
  durable: true,
  arguments: { 'x-queue-type': 'quorum', ...more } as NonNullable<QueueDeclare['arguments']>,
})

/** At least once: by default a message may get lost between two queues. It asks for `reject-publish`. */
const deadLetterTo = (queue: string) => ({
  'x-dead-letter-exchange': '',
  'x-dead-letter-routing-key': queue,
  'x-dead-letter-strategy': 'at-least-once',
  'x-overflow': 'reject-publish',
})
