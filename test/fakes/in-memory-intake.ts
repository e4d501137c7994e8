import { type ChannelBatcher, createChannelBatcher } from '../../src/adapters/messaging/channel-batcher.ts'
import { type AnyDelivery, batchKey, handlerOfAny } from '../../src/adapters/messaging/delivery-message.ts'
import type { Logger } from '../../src/ports/logger.ts'
import type { WebhookIntake, WebhookSource } from '../../src/ports/webhook-intake.ts'

export type InMemoryIntake = Readonly<{
  intake: WebhookIntake
  /** A further consumer of the same deliveries. */
  source(): WebhookSource
  /** Accepted and not handled yet, in the order of arrival. */
  waiting(): readonly AnyDelivery[]
}>

const nothing = (): void => {}
const silent: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => silent }

export function createInMemoryIntake({ retryDelayMs = 20 }: { retryDelayMs?: number } = {}): InMemoryIntake {
  const deliveries = new Map<string, AnyDelivery>()
  const free = new Set<string>()
  const attempts = new Map<string, number>()
  const pumps = new Set<() => void>()
  const pumpAll = (): void => {
    for (const pump of pumps) pump()
  }
  const giveBack = (batch: readonly AnyDelivery[]): void => {
    for (const { id } of batch) free.add(id)
    pumpAll()
  }

  return {
    waiting: () => [...deliveries.values()],
    intake: {
      async accept(delivery) {
        // What was handed over must not change under the consumer, as it could not behind a broker.
        deliveries.set(delivery.id, { ...delivery, body: Buffer.from(delivery.body) })
        free.add(delivery.id)
        setImmediate(pumpAll)
      },
    },
    source() {
      let batcher: ChannelBatcher<AnyDelivery> | undefined
      const pump = (): void => {
        for (const id of free) {
          const delivery = deliveries.get(id)
          if (batcher === undefined || batcher.waiting() >= 200) return
          free.delete(id)
          if (delivery !== undefined) batcher.add(delivery)
        }
      }
      return {
        async start(handle, options) {
          batcher = createChannelBatcher<AnyDelivery>({
            concurrency: options.concurrency,
            maxBatch: 100,
            keyOf: batchKey,
            isSuspect: ({ id }) => (attempts.get(id) ?? 0) >= 3,
            handle: handlerOfAny(handle, options),
            async done(batch) {
              for (const { id } of batch) deliveries.delete(id)
            },
            async failed(batch) {
              for (const { id } of batch) attempts.set(id, (attempts.get(id) ?? 0) + 1)
              setTimeout(() => giveBack(batch), retryDelayMs).unref()
            },
            onRoom: pump,
            log: silent,
          })
          pumps.add(pump)
          pump()
        },
        async stop() {
          pumps.delete(pump)
          const ended = batcher
          batcher = undefined
          giveBack((await ended?.stop()) ?? [])
        },
      }
    },
  }
}
