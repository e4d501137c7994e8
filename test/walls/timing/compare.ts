/** Ways into the same refusal that must not be told apart by how long they take. */
export type Measure = Readonly<{
  what: string
  /** By name, each called with how often all of them were called before. */
  ways: Readonly<Record<string, (at: number) => unknown>>
  /** Of each way, for every sample that was asked for. */
  share: number
  /** So many calls are one sample: what takes microseconds is not measured by itself. */
  batch: number
  /** The longest median over the shortest. */
  bound: number
}>

export type Compared = Readonly<{ medians: Readonly<Record<string, number>>; ratio: number; samples: number }>

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  if (sorted.length === 0) throw new Error('nothing was measured')
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}

/** One after the other, in another order each time, so that whatever else the machine does falls on all of them. */
export async function compare(
  { ways, share, batch }: Measure,
  samples: number,
  microsecondsNow = () => Number(process.hrtime.bigint()) / 1_000,
): Promise<Compared> {
  const names = Object.keys(ways)
  const taken = new Map<string, number[]>(names.map((name) => [name, []]))
  const rounds = Math.max(3, Math.ceil(samples * share))
  // The first calls compile and connect.
  const warm = Math.ceil(rounds / 10)
  for (let round = -warm, at = 0; round < rounds; round++) {
    const turn = Math.abs(round) % names.length
    const turned = [...names.slice(turn), ...names.slice(0, turn)]
    for (const name of round % 2 === 0 ? turned : turned.toReversed()) {
      const way = ways[name]!
      const begun = microsecondsNow()
      for (let one = 0; one < batch; one++) await way(at++)
      const microseconds = (microsecondsNow() - begun) / batch
      if (round >= 0) taken.get(name)!.push(microseconds)
    }
  }
  const medians = Object.fromEntries(names.map((name) => [name, median(taken.get(name)!)]))
  const all = Object.values(medians)
  return { medians, ratio: Math.max(...all) / Math.min(...all), samples: rounds }
}
