/** Milliseconds of a `Retry-After`, which gives seconds or a date; 0 where it says nothing usable. */
export function retryAfterMs(value: string | null, now: number): number {
  if (value === null) return 0
  const text = value.trim()
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  const date = Date.parse(text)
  return Number.isNaN(date) ? 0 : Math.max(0, date - now)
}
