/** Rejects with `late()` when the work has not settled by then; the work itself goes on unheard. */
export function within<T>(ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), ms)
    void work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/** The same for a batch, which is told by its signal to begin nothing more. */
export function withinDeadline<T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const over = new AbortController()
  return within(ms, work(over.signal), () => {
    const late = new Error(`The batch took longer than ${ms} ms.`)
    over.abort(late)
    return late
  })
}
