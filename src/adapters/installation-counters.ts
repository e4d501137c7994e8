import { Counter, type Registry } from 'prom-client'
import type { InstallationCounters } from '../ports/installation-counters.ts'

/** In the process that splits the bodies, which is where its metrics are. */
export function createInstallationCounters(registry: Registry): InstallationCounters {
  const unknown = new Counter({
    name: 'webhook_unknown_account_entries_total',
    help: "Entries of a whole app's webhook whose account is bound to no channel: they went nowhere.",
    registers: [registry],
  })
  const unreadable = new Counter({
    name: 'webhook_unreadable_bodies_total',
    help: 'Signed bodies for a whole app that cannot be read: they were put aside in the table jobs.',
    registers: [registry],
  })
  return { count: (what, by) => (what === 'unknown-account' ? unknown : unreadable).inc(by) }
}
