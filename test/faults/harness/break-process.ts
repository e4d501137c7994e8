import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { waitFor } from '../../support/processes.ts'
import type { End, Fleet, Member } from './fleet.ts'
import type { Fault } from './nemesis.ts'

type Of<Kind extends Fault['kind']> = Extract<Fault, { kind: Kind }>

/** What is not worth a sentence is null. */
export type Remark = string | null

/** Doubts are looked at after a quarter of a minute, leases last half of one; and nothing passes while a server is down. */
const REACHED_WITHIN_MS = 240_000
/** What has to fail before may fail for what takes another way: then the process begins anew. */
const ARMED_ANEW_MS = 60_000
const KILLER_EVERY_MS = 3_000
/** What a process gives itself to end in order, and a little. */
const ENDS_WITHIN_MS = 25_000

export const memberOf = (fleet: Fleet, { role, index }: Readonly<{ role: Member['role']; index: 0 | 1 }>): Member => {
  const member = fleet.of(role)[index]
  if (!member) throw new Error(`There is no ${role} ${index + 1}.`)
  return member
}

export async function breakBySignal(member: Member, { signal, forMs }: Of<'signal'>): Promise<Remark> {
  if (signal === 'SIGSTOP') {
    const { pid, signal: send } = member.process()
    send('SIGSTOP')
    await waitFor(() => stateOf(pid) !== 'running')
    await sleep(forMs)
    send('SIGCONT')
    await waitFor(() => stateOf(pid) !== 'stopped')
    return null
  }
  const startedAt = performance.now()
  const exit = await member.restart(signal)
  if (signal === 'SIGKILL') return exit.signal === 'SIGKILL' ? null : `it had ended with ${exit.signal ?? exit.code}`
  const tookMs = performance.now() - startedAt
  if (exit.code !== 0) throw new Error(`It did not end in order, but with ${exit.signal ?? exit.code}.`)
  if (tookMs > ENDS_WITHIN_MS) throw new Error(`It took ${Math.round(tookMs / 1_000)} s to end.`)
  return null
}

/** Linux tells; elsewhere it is believed. */
function stateOf(pid: number): 'stopped' | 'running' | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T') ? 'stopped' : 'running'
  } catch {
    return null
  }
}

export async function shiftClock(
  member: Member,
  { byMs, forMs }: Of<'clock'>,
  whole: () => Promise<void>,
): Promise<Remark> {
  await member.restart('SIGTERM', { clockByMs: byMs })
  await whole()
  await sleep(forMs)
  await member.restart('SIGTERM')
  return null
}

/** Rejects where no process comes by the place: a fault that did not happen has shown nothing. */
export async function failAtPlace(
  fleet: Fleet,
  fault: Of<'failpoint'>,
  sendKiller: () => Promise<void>,
  { withinMs = REACHED_WITHIN_MS, anewMs = ARMED_ANEW_MS } = {},
): Promise<Remark> {
  const { place, mode, nth } = fault
  const one = memberOf(fleet, fault)
  const others = fleet.of(fault.role).filter((member) => member !== one)
  const armed = [...(place.after === undefined ? [] : [place.after]), `${place.name}:${mode}@${nth}`].join(',')
  const before = fleet.ends.length
  const members = place.either ? [one, ...others] : [one]
  const arm = async (): Promise<void> => {
    for (const member of members) {
      const diesFirst = place.otherDiesAt !== undefined && member !== one
      await member.restart('SIGTERM', ...(diesFirst ? [{ failpoints: `${place.otherDiesAt}:kill@1` }] : []), {
        failpoints: armed,
      })
    }
  }
  await arm()
  const isKill = ({ failpoints, exit }: End) => failpoints === armed && exit.signal === 'SIGKILL'
  const isSaid = (text: string) => text.includes(`"failpoint":"${place.name}","kind":"${mode}"`)
  const startedAt = performance.now()
  const reached = () =>
    mode === 'kill'
      ? fleet.ends.slice(before).some(isKill)
      : members.some(({ process }) => isSaid(process().output())) ||
        fleet.ends.slice(before).some(({ failpoints, lastWords }) => failpoints === armed && isSaid(lastWords))
  // One that comes while it cannot be taken, or goes to the wrong one, is followed by others.
  const killers = place.needsKiller ? setInterval(() => void sendKiller().catch(() => {}), KILLER_EVERY_MS) : undefined
  const comesBy = (ms: number): Promise<boolean> =>
    waitFor(reached, ms).then(
      () => true,
      () => false,
    )
  const eachMs = place.after === undefined ? withinMs : anewMs
  let isReached = await comesBy(eachMs)
  for (let waitedMs = eachMs; !isReached && waitedMs < withinMs; waitedMs += eachMs) {
    await arm()
    isReached = await comesBy(eachMs)
  }
  clearInterval(killers)
  const tookMs = performance.now() - startedAt
  // Whoever is still told to fail there has a life without.
  const left = members.filter(({ name }) => !fleet.ends.slice(before).some((end) => end.name === name && isKill(end)))
  if (mode === 'kill' || !isReached) for (const member of left) await member.restart('SIGTERM')
  if (!isReached) throw new Error(`Nobody came by within ${withinMs / 1_000} s.`)
  return `reached after ${(tookMs / 1_000).toFixed(1)} s`
}
