import type { Clock } from '../../../src/ports/clock.ts'
import type { Logger } from '../../../src/ports/logger.ts'
import type { Wakeups } from '../../../src/ports/wakeups.ts'

const nothing = (): void => {}
/** With DC_TEST_LOG set it speaks. */
const speak = (level: string) => (fields: object, message: string) => console.error(level, message, fields)
export const quietLog: Logger = process.env['DC_TEST_LOG']
  ? { debug: speak('debug'), info: speak('info'), warn: speak('warn'), error: speak('error'), child: () => quietLog }
  : { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => quietLog }

export const systemClock: Clock = { now: () => new Date(), monotonicMs: () => performance.now() }

/** Wake-ups that are always lost. */
export const lostWakeups: Wakeups = { wake: nothing, on: () => nothing }

export async function until(condition: () => boolean | Promise<boolean>, withinMs = 30_000): Promise<void> {
  const endMs = performance.now() + withinMs
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`It did not become true within ${withinMs} ms: ${condition}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
