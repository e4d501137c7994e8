import type { Ledger } from '../../../dev/instagram-simulator/index.ts'
import { checkAnswers } from './check-answers.ts'
import { checkEvents, checkFeeds } from './check-events.ts'
import { checkInbound } from './check-inbound.ts'
import { checkOrder } from './check-order.ts'
import { checkOutbound } from './check-outbound.ts'
import { checkQueues } from './check-queues.ts'
import { checkRows } from './check-rows.ts'
import { factsOf } from './facts.ts'
import type { History } from './history.ts'
import type { Snapshot } from './snapshot.ts'

/** What the platform knows, what the harness did and was answered, and what the system holds. The first is the truth. */
export type Evidence = Readonly<{
  ledger: Ledger
  history: History
  snapshot: Snapshot
  bounds?: Partial<Bounds>
}>

export type Bounds = Readonly<{
  /** From the moment a reply is in doubt until readers are told that nobody knows: two minutes, and what a look takes. */
  surfacedWithinMs: number
  /** How late a job may be. */
  jobsWithinMs: number
}>
const BOUNDS: Bounds = { surfacedWithinMs: 125_000, jobsWithinMs: 60_000 }

export const VIOLATION_KINDS = [
  'lost',
  'duplicated',
  'reordered',
  'stuck',
  'unexpected',
  'doubleSends',
  'unknownSurfacedLate',
] as const
export type ViolationKind = (typeof VIOLATION_KINDS)[number]

/**
 * I1 nothing taken is lost, I2 nothing is there twice, I3 order, I4 what belongs together is there together, I5 no reply is
 * forgotten, I6 none is sent twice by itself, I7 nothing of one organization is another's, I8 nothing is left behind, I9 answers
 * say whose fault it is.
 */
export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'I9'

export type Violation = Readonly<{
  invariant: Invariant
  kind: ViolationKind
  /** How many things it is about. */
  count: number
  what: string
}>

export type Verdict = Readonly<
  {
    /** Messages of customers, and what was typed elsewhere, that were delivered at least once; repeats do not count. */
    attempted: number
    /** Of these, those that were answered 200 at least once. */
    acknowledged: number
    /** Of the acknowledged: those that are in their organization. */
    stored: number
    /** Of the acknowledged: those that are not, and were put aside with a reason. */
    quarantined: number
  } & Record<ViolationKind, number> & { violations: readonly Violation[] }
>

/** Takes note of a broken promise, in words; of one thing unless it says how many. */
export type Report = (invariant: Invariant, kind: ViolationKind, what: string, count?: number) => void

/**
 * Compares the three, and says what does not fit together. Pure: the same evidence gives the same verdict. Made for the end of a
 * run: what is still under way shows as stuck.
 */
export function check(evidence: Evidence): Verdict {
  const violations: Violation[] = []
  const report: Report = (invariant, kind, what, count = 1) => violations.push({ invariant, kind, count, what })
  const facts = factsOf(evidence)
  const bounds = { ...BOUNDS, ...evidence.bounds }
  const inbound = checkInbound(facts, report)
  checkOutbound(facts, bounds, report)
  checkOrder(facts, report)
  checkEvents(facts, report)
  checkFeeds(facts, report)
  checkRows(facts, report)
  checkQueues(facts, bounds, report)
  checkAnswers(facts, report)
  const sums = Object.fromEntries(VIOLATION_KINDS.map((kind) => [kind, sumOf(violations, kind)]))
  return { ...inbound, ...(sums as Record<ViolationKind, number>), violations }
}

const sumOf = (violations: readonly Violation[], kind: ViolationKind): number =>
  violations.reduce((sum, violation) => sum + (violation.kind === kind ? violation.count : 0), 0)

/** A line for a log: `attempted 500, acknowledged 500, …, seed 7`; the seed is what the run can be repeated from. */
export const countsOf = ({ violations: _, ...counts }: Verdict, seed?: number | string): string =>
  Object.entries(seed === undefined ? counts : { ...counts, seed })
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')

/** Broken promises as lines, some of each kind, for a test to compare with none. */
export function brokenIn({ violations }: Verdict, atMost = 20): readonly string[] {
  const kinds = [...Map.groupBy(violations, ({ kind }) => kind).values()]
  return kinds
    .flatMap((some) => some.slice(0, Math.ceil(atMost / kinds.length)))
    .map(({ invariant, kind, what }) => `${invariant} ${kind}: ${what}`)
}
