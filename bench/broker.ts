import { setTimeout as sleep } from 'node:timers/promises'
import { Connection } from 'rabbitmq-client'
import { topologyOf } from '../src/adapters/messaging/topology.ts'

const DRAINS_EVERY_MS = 100

/** Queues of this run's own on the given broker. */
export type Broker = Readonly<{
  url: string
  /** Ours, and one of the same kind for the floor. */
  workQueue: string
  floorQueue: string
  purge(): Promise<void>
  /** How many came since the last purge, whether or not they were drained. */
  count(queue: string): Promise<number>
  /** As consumers would, so that no backlog arises; until what comes back is called. */
  drain(): () => Promise<void>
  close(): Promise<void>
}>

export async function openBroker(url: string, prefix: string): Promise<Broker> {
  const rabbit = new Connection({ url, connectionName: 'delightchat-bench', retryHigh: 2_000 })
  rabbit.on('error', () => {})
  await rabbit.onConnect(10_000, true)
  const topology = topologyOf({ prefix: `${prefix}.` })
  const floor = { ...topology.work, queue: `${prefix}.floor` }
  const queues = [...topology.queues, floor]
  for (const queue of queues) await rabbit.queueDeclare(queue)
  const drained = new Map<string, number>()
  return {
    url,
    workQueue: topology.work.queue,
    floorQueue: floor.queue,
    async purge() {
      for (const { queue } of queues) await rabbit.queuePurge(queue)
      drained.clear()
    },
    count: async (queue) =>
      (await rabbit.queueDeclare({ queue, passive: true })).messageCount + (drained.get(queue) ?? 0),
    drain() {
      let stopping = false
      const draining = (async () => {
        while (!stopping) {
          await sleep(DRAINS_EVERY_MS)
          for (const queue of [topology.work.queue, floor.queue]) {
            const { messageCount } = await rabbit.queuePurge({ queue })
            drained.set(queue, (drained.get(queue) ?? 0) + messageCount)
          }
        }
      })()
      draining.catch(() => {})
      return async () => {
        stopping = true
        await draining
      }
    },
    async close() {
      for (const { queue } of queues) if (queue !== undefined) await rabbit.queueDelete({ queue }).catch(() => {})
      await rabbit.close()
    },
  }
}
