import { Connection } from 'rabbitmq-client'
import type { Logger } from '../../ports/logger.ts'
import { reasonOf } from './failure.ts'

export type RabbitConnection = Connection

/** Connects by itself, now and after every loss. Publishers and consumers have one each: a blocked publisher blocks its socket. */
export function connectRabbit({ url, name, log }: { url: string; name: string; log: Logger }): RabbitConnection {
  const rabbit = new Connection({
    url,
    connectionName: name,
    retryLow: 200,
    retryHigh: 2_000,
    acquireTimeout: 5_000,
    connectionTimeout: 5_000,
    heartbeat: 10,
    frameMax: 131_072,
    // Nagle's algorithm: the kernel joins the small writes of messages that leave together, which the client cannot.
    noDelay: false,
  })
  let isAway = false
  // Unheard, an error would end the process. One comes with every try.
  rabbit.on('error', (error) => {
    if (!isAway)
      log.warn({ connection: name, reason: reasonOf(error) }, 'the broker is away; trying again until it is back')
    isAway = true
  })
  rabbit.on('connection', () => {
    isAway = false
    log.info({ connection: name }, 'connected to the broker')
  })
  rabbit.on('connection.blocked', (reason) =>
    log.warn({ connection: name, reason }, 'the broker takes no messages for now'),
  )
  rabbit.on('connection.unblocked', () => log.info({ connection: name }, 'the broker takes messages again'))
  return rabbit
}

/** Closes after its publishers and consumers; a broker that does not answer cannot hold it up. */
export async function closeRabbit(rabbit: RabbitConnection, withinMs = 3_000): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      rabbit.unsafeDestroy()
      resolve()
    }, withinMs)
  })
  await Promise.race([rabbit.close(), late]).catch(() => {})
  clearTimeout(timer)
}
