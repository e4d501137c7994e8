const EARLIEST = Date.UTC(2010, 0, 1)
const DAY_MS = 24 * 60 * 60 * 1000
/** Below it a number counts seconds (until the year 5138), above it milliseconds (since 1973). */
const SECONDS_BELOW = 1e11

/**
 * The first of the platform's own times that can be used, else the receipt time. Networks mix seconds, milliseconds and
 * strings of either; one absurd time would pin a conversation to the top of the inbox for years.
 */
export function eventTime(candidates: readonly unknown[], receivedAt: Date): Date {
  for (const candidate of candidates) {
    const ms = toMs(candidate)
    // NaN fails both comparisons.
    if (ms !== null && ms >= EARLIEST && ms <= receivedAt.getTime() + DAY_MS) return new Date(ms)
  }
  return receivedAt
}

const DIGITS = /^\d{1,17}$/
const ISO = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})$/

function toMs(value: unknown): number | null {
  if (typeof value === 'number') return Math.trunc(value < SECONDS_BELOW ? value * 1000 : value)
  if (typeof value !== 'string') return null
  const text = value.trim()
  if (DIGITS.test(text)) return toMs(Number(text))
  return ISO.test(text) ? Date.parse(text) : null
}
