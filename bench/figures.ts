/** One thing measured on both sides, a value for each round. */
export type Measure = Readonly<{
  what: string
  unit: string
  ours: readonly number[]
  floor: readonly number[]
  /** Least ratio of ours to the floor; null: only told. */
  target: number | null
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

/** Ours to the floor, by their medians. */
export const ratioOf = ({ ours, floor }: Measure): number => spreadOf(ours).median / spreadOf(floor).median

/** Null where there is no target. */
export const isReached = (measure: Measure): boolean | null =>
  measure.target === null ? null : ratioOf(measure) >= measure.target
