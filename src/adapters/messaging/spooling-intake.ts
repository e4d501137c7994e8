import { Unavailable } from '../../core/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Logger } from '../../ports/logger.ts'
import type { WebhookIntake } from '../../ports/webhook-intake.ts'
import { reasonOf } from './failure.ts'

export type SpoolingIntakeOptions = Readonly<{
  broker: WebhookIntake
  spool: WebhookIntake
  clock: Clock
  log: Logger
  probeEveryMs?: number
}>

/**
 * To the broker, and while that is away to the spool, without asking the broker first each time: one delivery a second does.
 * Rejects only when neither took it.
 */
export function createSpoolingIntake({
  broker,
  spool,
  clock,
  log,
  probeEveryMs = 1_000,
}: SpoolingIntakeOptions): WebhookIntake {
  let away = false
  let probeAtMs = 0

  const ask = (): boolean => {
    if (!away) return true
    const nowMs = clock.monotonicMs()
    if (nowMs < probeAtMs) return false
    probeAtMs = nowMs + probeEveryMs
    return true
  }
  const toBroker: WebhookIntake['accept'] = async (delivery) => {
    try {
      await broker.accept(delivery)
    } catch (error) {
      if (!away) log.warn({ reason: reasonOf(error) }, 'the broker is away: deliveries go to the spool')
      away = true
      probeAtMs = clock.monotonicMs() + probeEveryMs
      throw error
    }
    if (away) log.info({}, 'the broker is back')
    away = false
  }

  return {
    async accept(delivery) {
      const asked = ask()
      if (asked) {
        try {
          return await toBroker(delivery)
        } catch {
          // The spool is there for this.
        }
      }
      try {
        await spool.accept(delivery)
      } catch (error) {
        if (!asked) {
          // It may have come back since it was last asked.
          const taken = await toBroker(delivery).then(
            () => true,
            () => false,
          )
          if (taken) return
        }
        throw new Unavailable('Neither the broker nor the spool took a delivery.', error)
      }
    },
  }
}
