import { Connection } from 'rabbitmq-client'
import { topologyOf } from '../src/adapters/messaging/topology.ts'

/** Queues of this run's own on the given broker. */
export type Broker = Readonly<{
  url: string
  /** Ours, and one of the same kind for the floor. */
  workQueue: string
  floorQueue: string
  purge(): Promise<void>
  count(queue: string): Promise<number>
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
  return {
    url,
    workQueue: topology.work.queue,
    floorQueue: floor.queue,
    async purge() {
      for (const { queue } of queues) await rabbit.queuePurge(queue)
    },
    count: async (queue) => (await rabbit.queueDeclare({ queue, passive: true })).messageCount,
    async close() {
      for (const { queue } of queues) if (queue !== undefined) await rabbit.queueDelete({ queue }).catch(() => {})
      await rabbit.close()
    },
  }
}
