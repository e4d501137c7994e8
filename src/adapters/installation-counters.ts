import { Counter, type Registry } from 'prom-client'
import type { InstallationCounters } from '../ports/installation-counters.ts'

/** In the process that splits the bodies, which is where its metrics are. */
export function createInstallationCounters(registry: Registry): InstallationCounters {
  const unknown = new Counter({
    name: 'webhook_unknown_account_entries_total',
    help: "Entries of a whole app's webhook whose account is bound to no channel: they went nowhere.",
    registers: [registry],
  })
  return { count: (_what, by) => unknown.inc(by) }
}
