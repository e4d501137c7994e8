import { Connection } from 'rabbitmq-client'
import { topologyOf } from '../../../src/adapters/messaging/topology.ts'

export type QueueContents = Readonly<{ queue: string; messages: number; consumers: number; isDead: boolean }>
export type DeadLetter = Readonly<{ orgId: string | null; reason: string; body: Buffer }>

/** What waits in the program's queues. Dead letters are looked at and put back. */
export async function readQueues(
  url: string,
  prefix: string,
): Promise<Readonly<{ queues: readonly QueueContents[]; dead: readonly DeadLetter[] }>> {
  const topology = topologyOf({ prefix: `${prefix}.` })
  const rabbit = new Connection({ url, retryLow: 200, acquireTimeout: 10_000 })
  rabbit.on('error', () => {})
  try {
    const queues: QueueContents[] = []
    for (const { queue } of topology.queues) {
      if (queue === undefined) continue
      const found = await rabbit.queueDeclare({ queue, passive: true }).catch((error: unknown) => {
        if ((error as { code?: string }).code === 'NOT_FOUND') return null
        throw error
      })
      if (found === null) continue
      const { messageCount: messages, consumerCount: consumers } = found
      queues.push({ queue, messages, consumers, isDead: queue === topology.dead })
    }
    const hasDead = queues.some(({ isDead, messages }) => isDead && messages > 0)
    return { queues, dead: hasDead ? await readDead(rabbit, topology.dead) : [] }
  } finally {
    await rabbit.close()
  }
}

async function readDead(rabbit: Connection, queue: string): Promise<readonly DeadLetter[]> {
  const channel = await rabbit.acquire()
  const dead: DeadLetter[] = []
  try {
    for (;;) {
      const message = await channel.basicGet({ queue })
      if (message === undefined) return dead
      const headers: Readonly<Record<string, unknown>> = message.headers ?? {}
      const { orgId, reason } = headers
      dead.push({
        orgId: typeof orgId === 'string' ? orgId : null,
        reason: String(reason ?? ''),
        body: Buffer.isBuffer(message.body) ? message.body : Buffer.from(String(message.body)),
      })
    }
  } finally {
    // What was not acknowledged is the queue's again.
    await channel.close()
  }
}
