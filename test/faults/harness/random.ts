/** The same numbers for the same seed, in [0, 1): xorshift32, which is enough to choose by. */
export function seededRandom(seed: number): () => number {
  // Neighbouring seeds are spread, and none is zero.
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x85ebca6b) >>> 0 || 1
  const next = (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state / 0x1_0000_0000
  }
  for (let discarded = 0; discarded < 8; discarded++) next()
  return next
}

export type Choices = ReturnType<typeof choicesOf>

/** What is chosen by chance, from one source. */
export const choicesOf = (random: () => number) => ({
  random,
  /** A whole number, both ends included. */
  between: (least: number, most: number): number => least + Math.floor(random() * (most - least + 1)),
  oneOf: <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T,
  shuffled<T>(all: readonly T[]): T[] {
    const left = [...all]
    for (let last = left.length - 1; last > 0; last--) {
      const other = Math.floor(random() * (last + 1))
      ;[left[last], left[other]] = [left[other] as T, left[last] as T]
    }
    return left
  },
})
