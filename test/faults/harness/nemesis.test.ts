import test from 'ava'
import { FAILPOINTS } from '../../../src/config/failpoints.ts'
import { describe } from './describe-fault.ts'
import { embeddedPlanOf, type Fault, type PlanSize, planOf } from './nemesis.ts'
import { ASKED_FOR } from './places.ts'

const SIZE: PlanSize = { kills: 20, others: 3, failpoints: 1 }

const killed = (fault: Fault): readonly string[] => {
  if (fault.kind === 'signal' && fault.signal === 'SIGKILL') return [fault.role]
  return fault.kind === 'killed-server' && fault.servers.length === 1 ? fault.servers : []
}
const faultsOf = (seed: number, size = SIZE) => planOf(seed, size).map(({ fault }) => fault)

test('the same seed has the same plan, another seed another one', (t) => {
  t.deepEqual(planOf(7, SIZE), planOf(7, SIZE))
  t.notDeepEqual(planOf(7, SIZE), planOf(8, SIZE))
})

test('each role and each server is killed as often as was asked for, either process of a role', (t) => {
  const faults = faultsOf(1)
  const counts = Map.groupBy(faults.flatMap(killed), (what) => what)
  t.deepEqual(
    [...counts].map(([what, those]) => [what, those.length]).sort(),
    ['api', 'inbound', 'outbound', 'postgres', 'rabbit', 'redis', 'relay'].map((what) => [what, 20]),
  )
  for (const role of ['api', 'inbound', 'outbound', 'relay']) {
    const indexes = faults.flatMap((fault) => (fault.kind === 'signal' && fault.role === role ? [fault.index] : []))
    t.deepEqual([...new Set(indexes)].sort(), [0, 1], role)
  }
})

test('a long run has every kind of fault, and fails at every place', (t) => {
  const faults = faultsOf(2)
  const kinds = new Set(faults.map(({ kind }) => kind))
  for (const kind of ['signal', 'failpoint', 'clock', 'stopped-server', 'alarm', 'database', 'network'] as const)
    t.true(kinds.has(kind), kind)
  const places = faults.flatMap((fault) => (fault.kind === 'failpoint' ? [fault.place.name] : []))
  t.deepEqual([...places, ...ASKED_FOR].sort(), Object.keys(FAILPOINTS).sort() as typeof places)
  t.is(faultsOf(2, { ...SIZE, failpoints: 20 }).filter(({ kind }) => kind === 'failpoint').length, 20 * places.length)
})

test('a short run has each kill once, and a few of the rest', (t) => {
  const faults = faultsOf(3, { kills: 1, others: 1, failpoints: 0.05, brief: true })
  t.is(faults.flatMap(killed).length, 7)
  t.true(faults.length < 15)
})

test('every fault ends, and what the API is answered while a server is down is not mixed with its own restarts', (t) => {
  for (const { lane, afterMs, fault } of planOf(4, SIZE)) {
    if ('forMs' in fault) t.true(fault.forMs >= 0 && fault.forMs <= 6_000, describe(fault))
    t.true(afterMs > 0 && afterMs <= 2_500)
    if (lane === 'workers') t.false('role' in fault && fault.role === 'api', describe(fault))
  }
})

test('the embedded profile has its one process and its database killed', (t) => {
  const kinds = embeddedPlanOf(5, { kills: 3 }).map(({ fault }) => fault.kind)
  t.deepEqual(kinds.toSorted(), [...Array(3).fill('killed-embedded'), ...Array(3).fill('signal')])
})
