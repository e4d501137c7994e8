import { Counter, Gauge, type Registry } from 'prom-client'
import type { ChannelAdapter } from '../ports/channel-adapter.ts'
import type { CountTrouble, TroubleCounts } from '../ports/trouble-counts.ts'

/** Who asks for the figures asks all processes, and often. */
const KEPT_MS = 5_000

/**
 * What was given up, is in doubt or was put aside, out of the database: the same from whichever process is asked. While the
 * database does not answer there is no figure, rather than an old one.
 */
export function createTroubleMetrics(
  registry: Registry,
  count: CountTrouble,
  monotonicMs = () => performance.now(),
): void {
  let askedAt = Number.NEGATIVE_INFINITY
  let asked: Promise<TroubleCounts | null> = Promise.resolve(null)
  const counts = (): Promise<TroubleCounts | null> => {
    if (monotonicMs() - askedAt >= KEPT_MS) {
      askedAt = monotonicMs()
      asked = count().catch(() => null)
    }
    return asked
  }
  const gauge = (
    name: string,
    help: string,
    label: string,
    of: (found: TroubleCounts) => Readonly<Record<string, number>>,
  ) =>
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [registry],
      async collect() {
        const found = await counts()
        this.reset()
        for (const [key, value] of Object.entries(found ? of(found) : {})) this.labels(key).set(value)
      },
    })
  gauge(
    'dead_letters',
    'Work that was given up and can be tried again, by its kind.',
    'queue',
    (found) => found.deadLetters,
  )
  gauge('replies_open', 'Replies whose call is under way, and those in doubt.', 'status', ({ replies }) => ({
    SENDING: replies.sending,
    UNKNOWN: replies.unknown,
  }))
  gauge('deliveries_put_aside', 'Deliveries that channels have put aside since they were made.', 'what', (found) => ({
    quarantined: found.quarantined,
  }))
}

/** Counts what networks answer to sends: `refused` is a reply that has failed, `unknown` one in doubt. */
export function createSendCounter(registry: Registry): (adapter: ChannelAdapter) => ChannelAdapter {
  const sends = new Counter({
    name: 'channel_sends_total',
    help: 'Calls that send a part of a reply, by the type of channel and what the network answered.',
    labelNames: ['type', 'outcome'],
    registers: [registry],
  })
  return (adapter) => ({
    ...adapter,
    sender: {
      ...adapter.sender,
      async send(...given) {
        const delivery = await adapter.sender.send(...given)
        sends.labels(adapter.type, delivery.status).inc()
        return delivery
      },
    },
  })
}
