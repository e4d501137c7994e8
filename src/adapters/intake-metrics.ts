import { Counter, Gauge, type Registry } from 'prom-client'

type Taker = 'broker' | 'spool'

/** Where webhooks went, and whether one of the two was away for the last of them: what to be woken for. */
export function createIntakeMetrics(registry: Registry): {
  handedTo(to: Taker): void
  isAway(which: Taker, away: boolean): void
} {
  const registers = [registry]
  const handed = new Counter({
    name: 'webhook_handed_over_total',
    help: 'Webhook deliveries that are durable, by who took them; one that both took counts twice.',
    labelNames: ['to'],
    registers,
  })
  const away = new Gauge({
    name: 'webhook_taker_away',
    help: '1 while the broker, or its spool in the database, takes no webhook deliveries.',
    labelNames: ['which'],
    registers,
  })
  for (const which of ['broker', 'spool']) away.labels(which).set(0)
  return {
    handedTo: (to) => handed.labels(to).inc(),
    isAway: (which, isAway) => away.labels(which).set(isAway ? 1 : 0),
  }
}
