import { setTimeout as sleep } from 'node:timers/promises'
import type { WebhookDelivery } from '../direct-messages.ts'
import { quantile } from '../figures.ts'
import { onOrder } from '../on-order.ts'
import { atSteadyPace } from '../steady-pace.ts'
import { bytesOf, openConnections } from './connections.ts'

export type SendingOrder = Readonly<{
  url: string
  /** Sent in turns, again and again. */
  deliveries: readonly WebhookDelivery[]
  perSecond: number
  /** At the beginning, whose times are left out: connections are opened. */
  leadSeconds: number
  seconds: number
  /** Whether what is late may go out in one burst; else at twice the pace. */
  mayBurst: boolean
  /** Whether a 503 is no end, but sent again after a pause, as the platform does. */
  again: boolean
}>

export type SendingResult = Readonly<{
  /** How many answers had which status. */
  statuses: ReadonlyMap<number, number>
  /** From when each was due to its answer, the last one where it was sent again. */
  p50Ms: number
  p99Ms: number
  perSecond: number
  /** The share that was not sent by the end of the time. */
  late: number
}>

/** What a request waits for its turn here is in its time, so it has to be short beside an acknowledgement. */
const STEP_MS = 1
/** As long as one that is put off by the scheduler may be away. */
const BURST_MS = 10
const AGAIN_AFTER_MS = 200
const GIVE_UP_AFTER_MS = 120_000

/** At a steady pace, whatever the answers take. */
async function send(order: SendingOrder): Promise<SendingResult> {
  const { url, deliveries, perSecond, leadSeconds, mayBurst, again } = order
  const connections = openConnections(url)
  const requests = deliveries.map((delivery) => bytesOf(url, delivery))
  const statuses = new Map<number, number>()
  const tookMs: number[] = []
  let sent = 0
  let answers = 0
  const startedAt = performance.now()
  const seconds = leadSeconds + order.seconds
  const pace = { perSecond, seconds, stepMs: STEP_MS, ...(!mayBurst && { burstMs: BURST_MS }) }
  const late = await atSteadyPace(pace, (n, dueAtMs) => {
    sent++
    const request = {
      bytes: requests[n % requests.length] as Buffer,
      answered(status: number) {
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        if (again && status === 503) return void setTimeout(() => connections.send(request), AGAIN_AFTER_MS)
        answers++
        if (n >= leadSeconds * perSecond) tookMs.push(performance.now() - dueAtMs)
      },
    }
    connections.send(request)
  })
  const giveUpAt = performance.now() + GIVE_UP_AFTER_MS
  while (answers < sent) {
    if (performance.now() > giveUpAt) throw new Error(`${sent - answers} of ${sent} requests were not answered`)
    await sleep(STEP_MS)
  }
  const took = (performance.now() - startedAt) / 1_000
  connections.close()
  return { statuses, p50Ms: quantile(tookMs, 0.5), p99Ms: quantile(tookMs, 0.99), perSecond: answers / took, late }
}

onOrder(send)
