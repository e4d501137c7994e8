import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

type WebhookResult =
  | 'accepted'
  | 'unknown-channel'
  | 'no-secret'
  | 'bad-signature'
  | 'unavailable'
  | 'too-large'
  | 'aborted'
  | 'failed'

export type WebhookMetrics = Readonly<{ count(result: WebhookResult): void; acknowledged(seconds: number): void }>

export type HttpMetrics = Readonly<{
  webhooks: WebhookMetrics
  /** `route` is the contract's path, never the one that was asked for: that has ids in it and no end of forms. */
  answered(method: string, route: string, status: number, seconds: number): void
  loggedIn(result: 'ok' | 'refused' | 'throttled'): void
  streamOpened(): void
  streamClosed(reason: string): void
  streamResumed(result: 'ok' | 'reset'): void
}>

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export function createHttpMetrics(registry: Registry): HttpMetrics {
  const registers = [registry]
  const duration = new Histogram({
    name: 'http_server_request_duration_seconds',
    help: 'Time to answer a request, by route of the contract.',
    labelNames: ['method', 'route', 'status_code'],
    buckets: SECONDS,
    registers,
  })
  const received = new Counter({
    name: 'webhook_received_total',
    help: 'Webhook deliveries, by what became of them.',
    labelNames: ['result'],
    registers,
  })
  const acknowledgement = new Histogram({
    name: 'webhook_ack_duration_seconds',
    help: 'Time from the first byte of a delivery to its acknowledgement.',
    buckets: SECONDS,
    registers,
  })
  const logins = new Counter({
    name: 'auth_logins_total',
    help: 'Attempts to sign in.',
    labelNames: ['result'],
    registers,
  })
  const streams = new Gauge({ name: 'sse_connections', help: 'Open event streams.', registers })
  const closed = new Counter({
    name: 'sse_closed_total',
    help: 'Event streams that ended.',
    labelNames: ['reason'],
    registers,
  })
  const resumed = new Counter({
    name: 'sse_resumes_total',
    help: 'Event streams that went on where one broke off.',
    labelNames: ['result'],
    registers,
  })

  const receivedBy = new Map<WebhookResult, { inc(): void }>()
  return {
    webhooks: {
      count(result) {
        const counter = receivedBy.get(result) ?? received.labels(result)
        receivedBy.set(result, counter)
        counter.inc()
      },
      acknowledged: (seconds) => acknowledgement.observe(seconds),
    },
    answered: (method, route, status, seconds) => duration.labels(method, route, String(status)).observe(seconds),
    loggedIn: (result) => logins.labels(result).inc(),
    streamOpened: () => streams.inc(),
    streamClosed(reason) {
      streams.dec()
      closed.labels(reason).inc()
    },
    streamResumed: (result) => resumed.labels(result).inc(),
  }
}
