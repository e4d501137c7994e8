/** Lets tests and the demo wait for something to become true instead of sleeping. */
export type Watch = ReturnType<typeof createWatch>

export function createWatch() {
  const sleepers = new Set<() => void>()
  let closed = false

  const changed = (): void => {
    for (const wake of sleepers) wake()
  }

  const nextChange = (maxMs: number): Promise<void> =>
    new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        sleepers.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, maxMs)
      sleepers.add(wake)
    })

  /** Resolves with the first truthy value of `predicate`; asks again after every change, and every 50 ms besides. */
  async function waitFor<T>(
    predicate: () => T | Promise<T>,
    timeoutMs = 5_000,
    what = 'what was waited for',
  ): Promise<NonNullable<T>> {
    const giveUpAt = performance.now() + timeoutMs
    for (;;) {
      const value = await predicate()
      if (value) return value
      const leftMs = giveUpAt - performance.now()
      if (closed) throw new Error(`The simulator was closed while waiting for ${what}`)
      if (leftMs <= 0) throw new Error(`${what} did not happen within ${timeoutMs} ms`)
      await nextChange(Math.min(50, leftMs))
    }
  }

  const close = (): void => {
    closed = true
    changed()
  }

  return { changed, waitFor, close }
}
