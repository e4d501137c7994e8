import type { Clock } from '../../ports/clock.ts'
import type { Logger } from '../../ports/logger.ts'
import { reasonOf } from './failure.ts'
import type { RabbitConnection } from './rabbit-connection.ts'

export type QueueDepth = Readonly<{
  /** As it was when it was last looked at; false while nobody knows. Looks again, without waiting, when that is a while ago. */
  isDeep(): boolean
}>

export type QueueDepthOptions = Readonly<{
  rabbit: RabbitConnection
  queue: string
  clock: Clock
  log: Logger
  /** What one process moves on within two seconds or less. */
  deepFrom?: number
  everyMs?: number
}>

/**
 * Whether so much waits in a queue that whoever comes last would notice. A queue hands out its head, and knows no organizations: what
 * is behind a backlog has to wait until it was moved on.
 */
export function createQueueDepth(options: QueueDepthOptions): QueueDepth {
  const { rabbit, queue, clock, log, deepFrom = 5_000, everyMs = 250 } = options
  let deep = false
  let lookAtMs = Number.NEGATIVE_INFINITY
  let looking = false

  const look = async (): Promise<void> => {
    const { messageCount } = await rabbit.queueDeclare({ queue, passive: true })
    if (messageCount >= deepFrom !== deep)
      log.info(
        { messageCount },
        deep ? 'the backlog in the broker is gone' : 'a backlog is in the broker: deliveries go to the table',
      )
    deep = messageCount >= deepFrom
  }

  return {
    isDeep() {
      const nowMs = clock.monotonicMs()
      if (!rabbit.ready) deep = false
      else if (!looking && nowMs >= lookAtMs) {
        lookAtMs = nowMs + everyMs
        looking = true
        look()
          .catch((error: unknown) => {
            deep = false
            log.debug({ reason: reasonOf(error) }, 'how much waits in the broker is not known')
          })
          .finally(() => (looking = false))
      }
      return deep
    },
  }
}
