import { randomBytes } from 'node:crypto'
import { closeRabbit, connectRabbit, type RabbitConnection } from '../../../src/adapters/messaging/rabbit-connection.ts'
import { createRabbitIntake } from '../../../src/adapters/messaging/rabbit-intake.ts'
import { createRabbitPublisher, type RabbitPublisher } from '../../../src/adapters/messaging/rabbit-publisher.ts'
import { createRabbitSource } from '../../../src/adapters/messaging/rabbit-source.ts'
import { type Topology, topologyOf } from '../../../src/adapters/messaging/topology.ts'
import type { WebhookIntake, WebhookSource } from '../../../src/ports/webhook-intake.ts'
import { quietLog } from './quiet.ts'

/** What a process has, on queues of its own that are deleted at the end. */
export type RabbitSetup = Readonly<{
  topology: Topology
  publisher: RabbitPublisher
  intake: WebhookIntake
  source(): WebhookSource
  /** For looking and meddling. */
  rabbit: RabbitConnection
  /** The one of its sources. */
  consuming: RabbitConnection
  dispose(): Promise<void>
}>

export async function rabbitSetup(
  url: string,
  retryDelaysMs: readonly number[] = [100, 300],
  { maxLength }: Readonly<{ maxLength?: number }> = {},
): Promise<RabbitSetup> {
  const topology = bounded(topologyOf({ prefix: `test-${randomBytes(6).toString('hex')}.`, retryDelaysMs }), maxLength)
  const out = connectRabbit({ url, name: 'test-out', log: quietLog })
  const into = connectRabbit({ url, name: 'test-in', log: quietLog })
  const publisher = createRabbitPublisher({ rabbit: out, topology, log: quietLog })
  await publisher.start()
  return {
    topology,
    publisher,
    rabbit: out,
    consuming: into,
    intake: createRabbitIntake({ publisher, topology }),
    source: () => createRabbitSource({ rabbit: into, publisher, topology, log: quietLog }),
    async dispose() {
      await closeRabbit(into)
      if (out.ready)
        for (const { queue } of topology.queues) await out.queueDelete({ queue: queue as string }).catch(() => {})
      await publisher.close()
      await closeRabbit(out)
    },
  }
}

/** As an operator may do by a policy. */
function bounded(topology: Topology, maxLength: number | undefined): Topology {
  if (maxLength === undefined) return topology
  const { work } = topology
  const full = { ...work, arguments: { ...work.arguments, 'x-max-length': maxLength } }
  return { ...topology, work: full, queues: topology.queues.map((queue) => (queue === work ? full : queue)) }
}
