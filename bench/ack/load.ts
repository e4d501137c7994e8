import autocannon from 'autocannon'
import type { WebhookDelivery } from '../direct-messages.ts'
import { onOrder } from '../on-order.ts'

export type LoadOrder = Readonly<{
  url: string
  connections: number
  seconds: number
  deliveries: readonly WebhookDelivery[]
}>

export type LoadResult = Readonly<{
  /** Answered with 200. */
  acknowledged: number
  /** Answered with anything else, or not at all. */
  refused: number
  perSecond: number
  p50Ms: number
  p99Ms: number
}>

/** The generator rounds to whole milliseconds; half of all answers come within two. */
const STEPS_PER_MS = 100

async function load({ url, connections, seconds, deliveries }: LoadOrder): Promise<LoadResult> {
  const steps: number[] = []
  const startedAt = performance.now()
  const requests = deliveries.map(({ path, headers, body }) => ({
    method: 'POST',
    path,
    headers: { ...headers },
    body,
  }))
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const run = autocannon({ url, connections, duration: seconds, requests }, (error, done) =>
      error ? reject(error) : resolve(done),
    )
    run.on('response', (_client: unknown, _status: number, _bytes: number, ms: number) => {
      const step = Math.floor(ms * STEPS_PER_MS)
      steps[step] = (steps[step] ?? 0) + 1
    })
  })
  const tookSeconds = (performance.now() - startedAt) / 1000
  const acknowledged = result['2xx']
  return {
    acknowledged,
    refused: result.non2xx + result.errors,
    perSecond: acknowledged / tookSeconds,
    p50Ms: percentile(steps, 0.5),
    p99Ms: percentile(steps, 0.99),
  }
}

function percentile(steps: readonly number[], share: number): number {
  const all = steps.reduce((sum, count) => sum + (count ?? 0), 0)
  let seen = 0
  for (let step = 0; step < steps.length; step++) {
    seen += steps[step] ?? 0
    if (seen >= all * share) return step / STEPS_PER_MS
  }
  return 0
}

onOrder(load)
