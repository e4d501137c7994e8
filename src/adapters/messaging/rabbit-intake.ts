import type { WebhookIntake } from '../../ports/webhook-intake.ts'
import { fieldsOf } from './delivery-message.ts'
import type { RabbitPublisher } from './rabbit-publisher.ts'
import type { Topology } from './topology.ts'

export function createRabbitIntake({
  publisher,
  topology,
}: {
  publisher: RabbitPublisher
  topology: Topology
}): WebhookIntake {
  return {
    accept: (delivery) =>
      publisher.publish(topology.work.queue, {
        id: delivery.id,
        headers: fieldsOf(delivery),
        body: bufferOf(delivery.body),
      }),
  }
}

const bufferOf = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
