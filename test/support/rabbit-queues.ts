import { Connection } from 'rabbitmq-client'

const SUFFIXES = ['', '.dead', '.retry.1000ms', '.retry.5000ms', '.retry.30000ms', '.retry.300000ms']

/** What a program that ran under the prefix leaves on a broker that others use too. */
export async function deleteQueues(url: string, prefix: string): Promise<void> {
  const rabbit = new Connection({ url })
  rabbit.on('error', () => {})
  for (const suffix of SUFFIXES) await rabbit.queueDelete({ queue: `${prefix}.inbound${suffix}` })
  await rabbit.close()
}

/** How many messages wait in the queue of deliveries, and in the one of those that were given up. */
export async function waitingDeliveries(url: string, prefix: string): Promise<readonly number[]> {
  const rabbit = new Connection(url)
  try {
    const counts: number[] = []
    for (const queue of [`${prefix}.inbound`, `${prefix}.inbound.dead`])
      counts.push((await rabbit.queueDeclare({ queue, passive: true })).messageCount)
    return counts
  } finally {
    await rabbit.close()
  }
}
