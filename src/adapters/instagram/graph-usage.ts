import type { Demand } from '../../core/channel/delivery.ts'
import { asList, asShape, type Shape } from '../channel-kit/fields.ts'
import { readJson } from '../channel-kit/json.ts'

const MINUTE_MS = 60_000
/** Percent of a budget from which calls are spread out; at 100 they stop. */
const SLOW_FROM = 80
const MAX_GAP_MS = 10_000
/** All of a budget used, and no word on when it is there again: the window rolls, so that some of it soon is. */
const STOP_MS = 5 * MINUTE_MS
const MAX_STOP_MS = 24 * 60 * MINUTE_MS

type Usage = Shape<'call_count' | 'total_time' | 'total_cputime' | 'estimated_time_to_regain_access'>

/**
 * What the usage headers ask of the next calls, on good answers too: calls beyond a budget prolong the time without one.
 * `X-App-Usage` is of the whole app, `X-Business-Use-Case-Usage` of the account (its keys are those of this call).
 * https://developers.facebook.com/docs/graph-api/overview/rate-limiting
 */
export function usageDemands(headers: Headers): readonly Demand[] {
  const app = worst([readHeader(headers, 'x-app-usage')])
  const account = worst(Object.values(readHeader(headers, 'x-business-use-case-usage') ?? {}).flatMap(asList))
  return [...demandsOf('app', app), ...demandsOf('account', account)]
}

type Worst = Readonly<{ percent: number; regainMs: number }>

function demandsOf(pauses: Demand['pauses'], { percent, regainMs }: Worst): readonly Demand[] {
  if (regainMs > 0 || percent >= 100) {
    const afterMs = Math.min(regainMs || STOP_MS, MAX_STOP_MS)
    return [{ pauses, afterMs, reason: pauses === 'app' ? 'app-throttled' : 'throttled' }]
  }
  if (percent < SLOW_FROM) return []
  const afterMs = Math.round((MAX_GAP_MS * (percent - SLOW_FROM + 1)) / (100 - SLOW_FROM))
  return [{ pauses, afterMs, reason: 'usage-high' }]
}

function worst(usages: readonly unknown[]): Worst {
  const all = usages.flatMap((usage) => asShape<Usage>(usage) ?? [])
  const percents = all.flatMap(({ call_count, total_time, total_cputime }) => [call_count, total_time, total_cputime])
  const minutes = all.map((usage) => usage.estimated_time_to_regain_access)
  return { percent: Math.max(0, ...percents.map(number)), regainMs: Math.max(0, ...minutes.map(number)) * MINUTE_MS }
}

const number = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0)

function readHeader(headers: Headers, name: string): Shape<string> | null {
  const value = headers.get(name)
  const json = value === null ? null : readJson(Buffer.from(value))
  return json?.ok ? asShape<Shape<string>>(json.value) : null
}
