/** Loaded before the program, in a process with --expose-gc: tells on request what it holds once everything unused is gone. */
export type Held = Readonly<{
  /** Of the whole process. */
  rss: number
  /** What is in use: JavaScript's objects, and the bytes they hold outside. */
  live: number
}>

process.on('message', () => {
  for (let n = 0; n < 3; n++) (globalThis as unknown as { gc(): void }).gc()
  const { rss, heapUsed, external } = process.memoryUsage()
  process.send?.({ rss, live: heapUsed + external } satisfies Held)
})
