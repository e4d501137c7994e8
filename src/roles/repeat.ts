/** With some jitter, so that several processes do not meet; the first time within a minute, or sooner. */
export function repeat(
  work: () => Promise<unknown>,
  everyMs: number,
  failed: (error: unknown) => void,
  firstWithinMs = 60_000,
): () => Promise<void> {
  let timer: NodeJS.Timeout | undefined
  let running: Promise<unknown> = Promise.resolve()
  const plan = (delayMs: number): void => {
    timer = setTimeout(() => {
      running = work()
        .catch(failed)
        .finally(() => plan(everyMs * (0.8 + Math.random() * 0.4)))
    }, delayMs)
  }
  plan(Math.random() * firstWithinMs)
  return async () => {
    clearTimeout(timer)
    await running
    clearTimeout(timer)
  }
}
