import type { Logger } from '../../ports/logger.ts'
import { createOnceAMinute } from './once-a-minute.ts'

/** Deliveries that are refused for what we lack: each cause has a line a minute, which says how many came since the last one. */
export function createRefusalLog(log: Logger, nowMs?: () => number): (cause: string, fields: object) => void {
  const once = createOnceAMinute(nowMs)
  return (cause, fields) => {
    const untold = once(cause)
    if (untold !== null) log.warn({ ...fields, ...(untold > 0 && { untold }) }, 'a webhook delivery was refused')
  }
}
