import type { ServerName } from './cluster.ts'
import type { Fault, NetworkFault } from './nemesis.ts'

export const SERVER_NAMES: Readonly<Record<ServerName, string>> = {
  postgres: 'PostgreSQL',
  rabbit: 'RabbitMQ',
  redis: 'Redis',
}

/** A fault in words, for the line that tells of it. */
export function describe(fault: Fault): string {
  switch (fault.kind) {
    case 'signal':
      return `${nameOf(fault)} gets ${fault.signal}`
    case 'failpoint':
      return `${nameOf(fault)} at ${fault.place.name}:${fault.mode}@${fault.nth}`
    case 'clock':
      return `${nameOf(fault)} has a clock that is ${fault.byMs / 60_000} minutes off`
    case 'killed-server':
      return `${fault.servers.map((name) => SERVER_NAMES[name]).join(' and ')} killed`
    case 'stopped-server':
      return `${SERVER_NAMES[fault.server]} stopped (SIGSTOP)`
    case 'alarm':
      return `RabbitMQ has a ${fault.of} alarm`
    case 'database':
      return fault.is === 'full' ? 'PostgreSQL has no connection left' : 'PostgreSQL is read-only'
    case 'network':
      return `between ${fault.role === 'all' ? 'all roles' : fault.role} and ${SERVER_NAMES[fault.server]}: ${network(fault.does)}`
    case 'killed-embedded':
      return fault.what === 'all' ? 'the embedded PostgreSQL killed' : 'the embedded PostgreSQL’s first process killed'
  }
}

const nameOf = ({ role, index }: Readonly<{ role: string; index: number }>): string =>
  role === 'all' ? 'the process' : `${role} ${index + 1}`

function network(does: NetworkFault): string {
  if (does === 'reset') return 'every connection reset'
  const { kind, ...details } = does.mode
  const more = Object.entries(details).map(([name, value]) => ` ${name} ${value}`)
  return `${kind}${more.join('')} (${does.direction})`
}
