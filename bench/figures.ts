/** One thing measured, a value for each round: on both sides, or where there is no floor to compare with on ours. */
export type Measure = Readonly<{
  what: string
  unit: string
  ours: readonly number[]
  floor: readonly number[] | null
  /** Least ratio of ours to the floor; null: only told. */
  target: number | null
  /** What ours may be at most. */
  most?: number
}>

export type Row = Readonly<{ name: string; measures: readonly Measure[] }>

export type Spread = Readonly<{ median: number; min: number; max: number }>

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle]
  if (upper === undefined) throw new Error('there is nothing to take the median of')
  const lower = sorted.length % 2 === 0 ? (sorted[middle - 1] as number) : upper
  return { median: (lower + upper) / 2, min: sorted[0] as number, max: sorted.at(-1) as number }
}

/** Ours to the floor, by their medians; null where there is no floor. */
export const ratioOf = ({ ours, floor }: Measure): number | null =>
  floor === null ? null : spreadOf(ours).median / spreadOf(floor).median

/** Null where there is no target. */
export function isReached(measure: Measure): boolean | null {
  const { ours, target, most } = measure
  if (most !== undefined) return spreadOf(ours).median <= most
  const ratio = ratioOf(measure)
  return target === null || ratio === null ? null : ratio >= target
}

/** The least value that this share of all is not above. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1))] ?? Number.NaN
}
