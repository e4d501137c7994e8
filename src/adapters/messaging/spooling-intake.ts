import { Unavailable } from '../../core/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Logger } from '../../ports/logger.ts'
import type { WebhookIntake } from '../../ports/webhook-intake.ts'
import { within } from './deadline.ts'
import { causeOf } from './failure.ts'

/** Who took a delivery. */
export type HandedTo = 'broker' | 'spool'

export type SpoolingIntakeOptions = Readonly<{
  broker: WebhookIntake
  spool: WebhookIntake
  /** So much waits in the broker that the spool, where organizations take turns, is the shorter way. */
  isDeep?: () => boolean
  clock: Clock
  log: Logger
  /** Told of each delivery that was taken, and whenever one of the two went away or came back. */
  metrics?: Readonly<{ handedTo(to: HandedTo): void; isAway(which: HandedTo, away: boolean): void }>
  probeEveryMs?: number
  /** What a delivery may cost at both together: with the look-up of its channel less than the 2 s after which 503 is late. */
  withinMs?: number
}>

const SAYS = {
  broker: { away: 'the broker is away: deliveries go to the spool', back: 'the broker is back' },
  spool: { away: 'the spool takes no deliveries', back: 'the spool takes deliveries again' },
} as const

/** What is known of one of the two, shared by all deliveries: the first that it fails pays for the others. */
type Taker = {
  readonly name: HandedTo
  readonly intake: WebhookIntake
  away: boolean
  probeAtMs: number
}

/**
 * To the broker, and to the spool while that is away or has a backlog. While it is away one delivery a second is offered to both, and
 * waits for whichever is first; with both away each is. Rejects with Unavailable when neither took it in time. A delivery may end up in
 * both, under the same id.
 */
export function createSpoolingIntake(options: SpoolingIntakeOptions): WebhookIntake {
  const { clock, log, metrics, isDeep = () => false, probeEveryMs = 1_000, withinMs = 1_650 } = options
  const taker = (name: HandedTo, intake: WebhookIntake): Taker => ({ name, intake, away: false, probeAtMs: 0 })
  const broker = taker('broker', options.broker)
  const spool = taker('spool', options.spool)

  const mark = (which: Taker, away: boolean, error?: unknown): void => {
    if (away) which.probeAtMs = clock.monotonicMs() + probeEveryMs
    if (which.away === away) return
    which.away = away
    metrics?.isAway(which.name, away)
    if (away) log.warn({ reason: causeOf(error) }, SAYS[which.name].away)
    else log.info({}, SAYS[which.name].back)
  }
  const mayProbe = (which: Taker): boolean => {
    const nowMs = clock.monotonicMs()
    if (nowMs < which.probeAtMs) return false
    which.probeAtMs = nowMs + probeEveryMs
    return true
  }

  return {
    async accept(delivery) {
      const endsAtMs = clock.monotonicMs() + withinMs
      const give = async (to: Taker): Promise<void> => {
        const leftMs = Math.max(0, endsAtMs - clock.monotonicMs())
        try {
          await within(leftMs, to.intake.accept(delivery), () => new Unavailable(`The ${to.name} is slow.`))
        } catch (error) {
          // What is wrong with the delivery itself says nothing of who refuses it.
          if (error instanceof Unavailable) mark(to, true, error)
          throw error
        }
        mark(to, false)
        metrics?.handedTo(to.name)
      }
      const inTurn = async (first: Taker, second: Taker): Promise<void> => {
        const failed = await give(first).then(
          () => false,
          () => true,
        )
        if (failed) await give(second)
      }
      const toEither = () => Promise.any([give(broker), give(spool)])
      try {
        if (!broker.away) return isDeep() && !spool.away ? await inTurn(spool, broker) : await inTurn(broker, spool)
        if (spool.away || mayProbe(broker)) return await toEither()
        // It may have come back since it was last asked.
        return await inTurn(spool, broker)
      } catch (error) {
        const cause = error instanceof AggregateError ? error.errors[1] : error
        throw new Unavailable('Neither the broker nor the spool took a delivery.', cause)
      }
    },
  }
}
