import { Counter, type Registry } from 'prom-client'

/** Counted where sweeps run: in the inbound role. */
export function createHistoryMetrics(registry: Registry): { gapsFound(messages: number): void } {
  const found = new Counter({
    name: 'history_gaps_found_total',
    help: 'Messages that the platform never delivered and a sweep has found.',
    registers: [registry],
  })
  return { gapsFound: (messages) => found.inc(messages) }
}
