import type { Logger } from '../../ports/logger.ts'
import type { RawDelivery, SourceOptions } from '../../ports/webhook-intake.ts'
import { reasonOf } from './failure.ts'

/** A delivery that failed too often goes to where its organization can see it. False where that cannot be done now. */
export async function putAside(
  giveUp: NonNullable<SourceOptions['handleGivenUp']>,
  delivery: RawDelivery,
  error: unknown,
  log: Logger,
): Promise<boolean> {
  const rawEventId = delivery.id
  try {
    await giveUp(delivery, error)
  } catch (refusal) {
    log.warn({ rawEventId, reason: reasonOf(refusal) }, 'a delivery could not be put aside; it comes again')
    return false
  }
  log.error({ rawEventId, reason: reasonOf(error) }, 'a delivery was given up and is quarantined')
  return true
}
