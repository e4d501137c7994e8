import { setTimeout as sleep } from 'node:timers/promises'
import { breakBySignal, failAtPlace, memberOf, type Remark, shiftClock } from './break-process.ts'
import { breakDatabase, breakNetwork, killServers, type Period, raiseAlarm, stopServer } from './break-server.ts'
import { describe } from './describe-fault.ts'
import type { Member } from './fleet.ts'
import type { Ground, Servers } from './ground.ts'
import type { Fault, Lane, Planned } from './nemesis.ts'

/** A fault that is over, and what could not be done: it did not happen, or what it broke did not come back. */
export type Broken = Readonly<{ fault: Fault; at: Date; line: string; trouble: string | null }>

/** By then all that was broken has to be whole again. */
const WHOLE_AGAIN_WITHIN_MS = 60_000

export type BreakerOptions = Readonly<{
  tell: (broken: Broken) => void
  sendKiller: () => Promise<void>
  /** After an api process began anew. */
  acquaint: () => Promise<void>
}>

/** Carries the plan out, its lanes side by side, and tells of each fault when it is over. */
export async function breakAsPlanned(
  ground: Ground,
  plan: readonly Planned[],
  { tell, sendKiller, acquaint }: BreakerOptions,
): Promise<readonly Period[]> {
  const periods: Period[] = []
  /** Those of the other lane: they are not waited for. */
  const disturbed = new Set<Member>()
  /** While servers are broken nobody can be whole, however long that takes. */
  let serversBroken: Promise<unknown> | null = null

  async function workersWhole(own: readonly Member[]): Promise<void> {
    for (;;) {
      await serversBroken
      let again = false
      const begun = () => serversBroken !== null
      await ground.fleet.whole(own, WHOLE_AGAIN_WITHIN_MS).catch((error: unknown) => {
        again = begun()
        if (!again) throw error
      })
      if (!again) return
    }
  }

  async function one(name: Lane, fault: Fault): Promise<void> {
    const at = new Date()
    const own = touchedBy(ground, fault)
    for (const member of own) disturbed.add(member)
    const wholeAgain = async (): Promise<void> => {
      if (name === 'workers') return workersWhole(own)
      const others = ground.fleet.members.filter((member) => !disturbed.has(member))
      await ground.fleet.whole([...own, ...others], WHOLE_AGAIN_WITHIN_MS)
    }
    const carryingOut = () =>
      carryOut(ground, fault, { wholeAgain, sendKiller, down: (period) => periods.push(period) })
    let remark: Remark = null
    let trouble: string | null = null
    const startedAt = performance.now()
    let overAt = startedAt
    try {
      if (name === 'workers') remark = await carryingOut()
      else {
        const breaking = carryingOut()
        serversBroken = breaking.catch(() => {})
        remark = await breaking.finally(() => {
          serversBroken = null
        })
      }
      overAt = performance.now()
      await wholeAgain()
      if (isOfApi(fault)) await acquaint()
    } catch (error) {
      trouble = error instanceof Error ? error.message : String(error)
    }
    for (const member of own) disturbed.delete(member)
    if (isOfApi(fault)) periods.push({ what: 'api', from: at, to: new Date() })
    const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`
    const lasted = `${seconds(overAt - startedAt)}, whole again after ${seconds(performance.now() - overAt)} more`
    const line = `${describe(fault)}: ${trouble === null ? lasted : 'FAILED'}${remark === null ? '' : `, ${remark}`}`
    tell({ fault, at, line, trouble })
  }
  const lane = async (name: Lane): Promise<void> => {
    for (const { afterMs, fault } of plan.filter((planned) => planned.lane === name)) {
      await sleep(afterMs)
      await one(name, fault)
    }
  }
  await Promise.all([lane('servers'), lane('workers')])
  return periods
}

const isOfApi = (fault: Fault): boolean => 'role' in fault && fault.role === 'api' && fault.kind !== 'network'

/** Processes that are none of the other lane's business meanwhile. */
function touchedBy({ fleet }: Ground, fault: Fault): readonly Member[] {
  if (fault.kind === 'signal' || fault.kind === 'clock') return [memberOf(fleet, fault)]
  if (fault.kind === 'failpoint') return fault.place.either ? fleet.of(fault.role) : [memberOf(fleet, fault)]
  return []
}

async function carryOut(
  ground: Ground,
  fault: Fault,
  {
    wholeAgain,
    sendKiller,
    down,
  }: Readonly<{
    wholeAgain: () => Promise<void>
    sendKiller: () => Promise<void>
    down: (period: Period) => void
  }>,
): Promise<Remark> {
  const { fleet } = ground
  switch (fault.kind) {
    case 'signal':
      return breakBySignal(memberOf(fleet, fault), fault)
    case 'clock':
      return shiftClock(memberOf(fleet, fault), fault, wholeAgain)
    case 'failpoint':
      return failAtPlace(fleet, fault, sendKiller)
    case 'killed-embedded':
      ground.killDatabase(fault.what)
      // It is whole until it has noticed.
      await sleep(500)
      return null
    default:
      if (ground.servers === null) throw new Error('There are no servers to break here.')
      await breakServers(ground.servers, fault, down)
      return null
  }
}

type OfServers = Exclude<Fault, { kind: 'signal' | 'clock' | 'failpoint' | 'killed-embedded' }>

function breakServers(on: Servers, fault: OfServers, down: (period: Period) => void): Promise<void> {
  switch (fault.kind) {
    case 'killed-server':
      return killServers(on, fault, down)
    case 'stopped-server':
      return stopServer(on, fault)
    case 'alarm':
      return raiseAlarm(on, fault)
    case 'database':
      return breakDatabase(on, fault)
    case 'network':
      return breakNetwork(on, fault)
  }
}
