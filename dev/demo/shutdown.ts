import { Interrupted } from './demo-failure.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const CLOSING_MS = 25_000
const FORGOTTEN_MS = 2_000

export type Shutdown = ReturnType<typeof createShutdown>

/** Everything that was opened is closed in reverse order, however the demo ends. */
export function createShutdown() {
  const closers: ((failed: boolean) => Promise<unknown>)[] = []
  const { promise: interrupted, reject } = Promise.withResolvers<never>()
  // Nobody may be waiting for it when it happens.
  interrupted.catch(() => null)
  const onSignal = (signal: NodeJS.Signals): void => reject(new Interrupted(signal))
  // Whoever read our output is gone: `npm run demo | head`.
  const onPipe = (): void => onSignal('SIGHUP')
  for (const signal of SIGNALS) process.on(signal, onSignal)
  process.stdout.on('error', onPipe)
  process.on('uncaughtException', reject)

  return {
    /** Rejects at the first signal. */
    interrupted,
    /** The work, or the interruption, whichever comes first. */
    orInterrupted: <T>(work: Promise<T>): Promise<T> => Promise.race([work, interrupted]),
    /** What is still being opened is closed too, once it is open. */
    owns<T>(opening: Promise<T>, close: (opened: T, failed: boolean) => Promise<unknown>): Promise<T> {
      closers.push(async (failed) => {
        const opened = await opening.catch(() => null)
        if (opened !== null) await close(opened, failed)
      })
      return Promise.race([opening, interrupted])
    },
    /** The code to exit with: 1 if something could not be closed. */
    async close(code: number): Promise<number> {
      let result = code
      setTimeout(() => process.exit(1), CLOSING_MS).unref()
      for (const close of closers.reverse()) {
        await close(result === 1).catch((error: unknown) => {
          console.error(`Could not be closed: ${String(error)}`)
          result = 1
        })
      }
      // Whatever handle somebody forgot must not keep the terminal.
      setTimeout(() => process.exit(result), FORGOTTEN_MS).unref()
      return result
    },
  }
}
