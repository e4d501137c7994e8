import { asList, asShape, type Shape } from '../channel-kit/fields.ts'
import { readJson } from '../channel-kit/json.ts'
import { retryAfterMs } from '../channel-kit/retry-after.ts'

const MAX_PAUSE_MS = 24 * 60 * 60 * 1000
const MINUTE_MS = 60_000

/** How long the platform asks to wait, by either of its headers; null where it does not say. */
export function askedPauseMs(headers: Headers, now: number): number | null {
  const wishes = [retryAfterMs(headers.get('retry-after'), now), ...regainAccessMs(headers)]
  const longest = Math.max(0, ...wishes)
  return longest === 0 ? null : Math.min(longest, MAX_PAUSE_MS)
}

/** `{"<id>": [{"estimated_time_to_regain_access": <minutes>}]}`; the ids are those of this call, so the longest counts. */
function regainAccessMs(headers: Headers): readonly number[] {
  const value = headers.get('x-business-use-case-usage')
  const json = value === null ? null : readJson(Buffer.from(value))
  const usage = json?.ok ? asShape(json.value) : null
  return Object.values(usage ?? {})
    .flatMap(asList)
    .map((item) => asShape<Shape<'estimated_time_to_regain_access'>>(item)?.estimated_time_to_regain_access)
    .map((minutes) => (typeof minutes === 'number' && Number.isFinite(minutes) ? minutes * MINUTE_MS : 0))
}
