import type { ServerName } from './cluster.ts'
import { type FailpointMode, type FailpointRole, failpointsOf, type Place, type TrafficPlace } from './places.ts'
import { type Choices, choicesOf, seededRandom } from './random.ts'
import type { Direction, Mode } from './tcp-proxy.ts'

export const ROLES = ['api', 'inbound', 'outbound', 'relay'] as const
/** Those that run twice and are broken; `all`: the one process of the embedded profile. */
export type BrokenRole = (typeof ROLES)[number] | 'all'
export type Signal = 'SIGKILL' | 'SIGTERM' | 'SIGSTOP'

/** One thing that goes wrong. What holds for a while is ended after `forMs`; a process is started again at once. */
export type Fault =
  | Readonly<{ kind: 'signal'; signal: Signal; role: BrokenRole; index: 0 | 1; forMs: number }>
  | Readonly<{ kind: 'failpoint'; role: FailpointRole; index: 0 | 1; place: Place; mode: FailpointMode; nth: number }>
  /** Its clock is so far off. */
  | Readonly<{ kind: 'clock'; role: 'api' | 'inbound'; index: 0 | 1; byMs: number; forMs: number }>
  | Readonly<{ kind: 'killed-server'; servers: readonly ServerName[]; forMs: number }>
  | Readonly<{ kind: 'stopped-server'; server: ServerName; forMs: number }>
  | Readonly<{ kind: 'alarm'; of: 'disk' | 'memory'; forMs: number }>
  | Readonly<{ kind: 'database'; is: 'read-only' | 'full'; forMs: number }>
  /** Between a server and one role, or all of them. */
  | Readonly<{ kind: 'network'; server: ServerName; role: BrokenRole; does: NetworkFault; forMs: number }>
  /** The program's own server, which it brings back by itself. */
  | Readonly<{ kind: 'killed-embedded'; what: 'postmaster' | 'all' }>

export type NetworkFault = 'reset' | Readonly<{ direction: Direction | 'both'; mode: Mode }>

/** A fault in its place: after the one before it in its lane, and so much later. */
export type Planned = Readonly<{ lane: Lane; afterMs: number; fault: Fault }>
/** Two faults of one lane are never there at once, of two lanes they may be. */
export type Lane = 'servers' | 'workers'

export type PlanSize = Readonly<{
  /** Kills of each of the four roles and the three servers. */
  kills: number
  /** How often each of the other things happens; 0: none of them. */
  others: number
  /** How often each place of the program is one to fail at; below 1 it is that share of them. */
  failpoints: number
  /** For tests that have little time: shorter holds and pauses. */
  brief?: boolean
}>

const SERVERS: readonly ServerName[] = ['postgres', 'rabbit', 'redis']
const BLACK_HOLE: NetworkFault = { direction: 'response', mode: { kind: 'black-hole' } }

/** What goes wrong and in which order: the same for the same seed and size. */
export function planOf(seed: number, size: PlanSize): readonly Planned[] {
  const choices = choicesOf(seededRandom(seed))
  const [least, most] = size.brief ? [200, 800] : [500, 2_500]
  const inLane = (lane: Lane, faults: readonly Fault[]): Planned[] =>
    choices.shuffled(faults).map((fault) => ({ lane, afterMs: choices.between(least, most), fault }))
  // Those of the api role never go with a server's: what webhooks are answered while a server is down is its measure.
  const failpoints = failpointFaults(choices, size)
  const ofApi = (fault: Fault) => 'role' in fault && fault.role === 'api'
  const servers = [...killsOf(choices, size, ['api']), ...serverFaults(choices, size), ...failpoints.filter(ofApi)]
  const workers = [
    ...killsOf(choices, size, ['inbound', 'outbound', 'relay']),
    ...processFaults(choices, size),
    ...failpoints.filter((fault) => !ofApi(fault)),
  ]
  return [...inLane('servers', servers), ...inLane('workers', workers)]
}

const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make)
const one = ({ oneOf }: Choices): 0 | 1 => oneOf([0, 1])
const held = ({ between }: Choices, { brief }: PlanSize): number =>
  brief ? between(1_500, 2_500) : between(2_000, 6_000)

const killsOf = (choices: Choices, { kills }: PlanSize, roles: readonly BrokenRole[]): Fault[] =>
  roles.flatMap((role) =>
    times(kills, (): Fault => ({ kind: 'signal', signal: 'SIGKILL', role, index: one(choices), forMs: 0 })),
  )

function serverFaults(choices: Choices, size: PlanSize): Fault[] {
  const forMs = () => held(choices, size)
  const kills = SERVERS.flatMap((server) =>
    times(size.kills, (): Fault => ({ kind: 'killed-server', servers: [server], forMs: forMs() })),
  )
  const blackHoles = SERVERS.map(
    (server): Fault => ({ kind: 'network', server, role: 'all', does: BLACK_HOLE, forMs: forMs() }),
  )
  const once = (): Fault[] => [
    ...blackHoles,
    ...SERVERS.flatMap((server): Fault[] => [
      { kind: 'stopped-server', server, forMs: forMs() },
      { kind: 'network', server, role: choices.oneOf(ROLES), does: networkFault(choices), forMs: forMs() },
    ]),
    { kind: 'alarm', of: 'disk', forMs: forMs() },
    { kind: 'alarm', of: 'memory', forMs: forMs() },
    { kind: 'database', is: 'read-only', forMs: forMs() },
    { kind: 'database', is: 'full', forMs: forMs() },
    { kind: 'killed-server', servers: ['postgres', 'rabbit'], forMs: forMs() },
    { kind: 'signal', signal: 'SIGTERM', role: 'api', index: one(choices), forMs: 0 },
    { kind: 'signal', signal: 'SIGSTOP', role: 'api', index: one(choices), forMs: forMs() },
    clockFault(choices, 'api', forMs()),
  ]
  // In a brief run the most telling one stands for all of them.
  const others = size.brief ? blackHoles.slice(0, size.others) : times(size.others, once).flat()
  return [...kills, ...others]
}

function networkFault({ oneOf, between }: Choices): NetworkFault {
  return oneOf<NetworkFault>([
    'reset',
    { direction: 'both', mode: { kind: 'black-hole' } },
    { direction: 'both', mode: { kind: 'delay', ms: between(50, 200), jitterMs: 100 } },
    { direction: oneOf<Direction>(['request', 'response']), mode: { kind: 'cut', afterBytes: between(1, 4_000) } },
    { direction: 'response', mode: { kind: 'bandwidth', bytesPerSecond: between(2_000, 20_000) } },
  ])
}

const clockFault = ({ oneOf }: Choices, role: 'api' | 'inbound', forMs: number): Fault => ({
  kind: 'clock',
  role,
  index: 0,
  byMs: oneOf([-600_000, 600_000]),
  forMs,
})

function processFaults(choices: Choices, size: PlanSize): Fault[] {
  const of = (signal: Signal, role: BrokenRole, forMs = 0): Fault => ({
    kind: 'signal',
    signal,
    role,
    index: one(choices),
    forMs,
  })
  const workers = ['inbound', 'outbound', 'relay'] as const
  if (size.brief) return size.others > 0 ? [of('SIGSTOP', 'outbound', held(choices, size))] : []
  const once = (): Fault[] => [
    ...workers.flatMap((role) => [of('SIGTERM', role), of('SIGSTOP', role, held(choices, size))]),
    clockFault(choices, 'inbound', held(choices, size)),
  ]
  return times(size.others, once).flat()
}

const SIMPLE: readonly string[] = ['role', 'modes']

function failpointFaults(choices: Choices, { failpoints, brief }: PlanSize): Fault[] {
  const names = Object.keys(failpointsOf) as TrafficPlace[]
  // In a brief run those that are passed all the time.
  const isOften = (name: TrafficPlace) => Object.keys(failpointsOf[name]).every((key) => SIMPLE.includes(key))
  const all = brief ? names.filter(isOften) : names
  const nth = () => choices.between(1, 2)
  const some = choices.shuffled(all).slice(0, Math.round(all.length * Math.min(1, failpoints)))
  return times(Math.max(1, Math.floor(failpoints)), () => some)
    .flat()
    .map((name): Fault => {
      const { role, modes = ['kill'], ...rest } = failpointsOf[name]
      const mode = choices.oneOf(modes)
      return {
        kind: 'failpoint',
        role,
        index: one(choices),
        place: { name, ...rest },
        mode,
        nth: rest.after || rest.either ? 1 : nth(),
      }
    })
}

/** Of the embedded profile: the one process, and the database that it brings back. */
export function embeddedPlanOf(seed: number, { kills, brief }: Pick<PlanSize, 'kills' | 'brief'>): readonly Planned[] {
  const choices = choicesOf(seededRandom(seed))
  const faults = times(kills, (): Fault[] => [
    { kind: 'signal', signal: 'SIGKILL', role: 'all', index: 0, forMs: 0 },
    { kind: 'killed-embedded', what: choices.oneOf(['postmaster', 'all']) },
  ]).flat()
  const afterMs = () => choices.between(brief ? 200 : 1_000, brief ? 800 : 4_000)
  return choices.shuffled(faults).map((fault) => ({ lane: 'servers', afterMs: afterMs(), fault }))
}
