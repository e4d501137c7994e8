import type { Ledger } from '../../../dev/instagram-simulator/index.ts'
import type { Period } from './break-server.ts'
import type { ServerName } from './cluster.ts'
import { SERVER_NAMES } from './describe-fault.ts'
import type { Snapshot } from './snapshot.ts'

/** Of webhooks that came for the first time while one server was down, and no api process was being restarted. */
export type DownFigures = Readonly<{ server: ServerName; webhooks: number; at200: number; p99Ms: number }>

/** Of 100 that come while one server is down so many are answered 200 at once, and so fast. */
const AT_ONCE = 0.99
const P99_MS = 1_000

export function whileDown({ webhooks }: Pick<Ledger, 'webhooks'>, periods: readonly Period[]): readonly DownFigures[] {
  const first = webhooks.flatMap(({ attempts }) => attempts[0] ?? [])
  const names = Object.keys(SERVER_NAMES) as ServerName[]
  return names.map((server) => {
    const own = periods.filter(({ what }) => what === server)
    const others = periods.filter(({ what }) => what !== server)
    const during = (some: readonly Period[], from: Date, to: Date) =>
      some.some((period) => period.from <= to && period.to >= from)
    const those = first.filter(({ sentAt, tookMs }) => {
      const endedAt = new Date(sentAt.getTime() + tookMs)
      return own.some(({ from, to }) => sentAt >= from && sentAt <= to) && !during(others, sentAt, endedAt)
    })
    const times = those.map(({ tookMs }) => tookMs).sort((a, b) => a - b)
    return {
      server,
      webhooks: those.length,
      at200: those.filter(({ status }) => status === 200).length,
      p99Ms: times[Math.min(times.length - 1, Math.floor(times.length * 0.99))] ?? 0,
    }
  })
}

/** In words, one for each that is below what is promised. */
export const belowPromise = (figures: readonly DownFigures[]): readonly string[] =>
  figures.flatMap(({ server, webhooks, at200, p99Ms }) => [
    ...(webhooks > 0 && at200 / webhooks < AT_ONCE
      ? [`with ${SERVER_NAMES[server]} down ${at200} of ${webhooks} webhooks were answered 200 at once`]
      : []),
    ...(p99Ms > P99_MS ? [`with ${SERVER_NAMES[server]} down the p99 of an answer was ${Math.round(p99Ms)} ms`] : []),
  ])

/** Replies that were in doubt at any time: how that ended, and how many readers were told of in time is the checker's. */
export function doubtsIn({ events, messages }: Pick<Snapshot, 'events' | 'messages'>) {
  const doubted = new Set(events.filter(({ data }) => data['to'] === 'UNKNOWN').map(({ resourceId }) => resourceId))
  const told = new Set(
    events.filter(({ type }) => type === 'message.delivery_unconfirmed').map((one) => one.resourceId),
  )
  const open = messages.filter(({ id, status }) => doubted.has(id) && status === 'UNKNOWN')
  return {
    all: doubted.size,
    told: [...doubted].filter((id) => told.has(id)).length,
    open: open.length,
    /** Still within its two minutes. */
    untold: open.filter(({ id }) => !told.has(id)).length,
  }
}
