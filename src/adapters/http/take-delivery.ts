import type { WebhookAnswer } from '../../core/channel/accept-webhook.ts'
import type { RawWebhook } from '../../ports/channel-adapter.ts'
import type { ProblemCode } from './problem.ts'
import { discardRest, readRawBody } from './raw-body.ts'
import { createRefusalLog } from './refusal-log.ts'
import {
  PLAIN_TEXT,
  refuse,
  refuseForged,
  type WebhookDeps,
  type WebhookExchange,
  type WebhookOperation,
} from './webhook-exchange.ts'
import type { Place } from './webhook-room.ts'

const MAX_BYTES = 3 * 1024 * 1024
/** How much of a refused upload is still read, so that its sender gets to see the answer. */
const MAX_DISCARDED_BYTES = 16 * 1024 * 1024

const RECEIVED = 'EVENT_RECEIVED'
const RECEIVED_HEADERS = ['Content-Type', PLAIN_TEXT, 'Content-Length', String(RECEIVED.length)]

const REFUSALS = {
  'unknown-channel': 'not-found',
  'no-secret': 'no-webhook-secret',
  'bad-signature': 'bad-signature',
} as const satisfies Record<Exclude<WebhookAnswer['status'], 'accepted'>, ProblemCode>

export const UNKNOWN: WebhookAnswer = { status: 'unknown-channel' }

type Accept = (deps: WebhookDeps, exchange: WebhookExchange, webhook: RawWebhook) => Promise<WebhookAnswer>

/** Takes the exact bytes; 200 means that they are durable. */
export const takeDelivery = (accept: Accept): WebhookOperation => ({
  access: 'raw',
  make: (deps) => {
    const { log, metrics, failpoint, limits, room } = deps
    const tellRefused = createRefusalLog(log)
    const take = async (exchange: WebhookExchange, place: Place): Promise<void> => {
      const { req, res, channelId, appName, requestId } = exchange
      const at = appName === null ? { channelId } : { appName }
      const startedAt = performance.now()
      const late = setTimeout(() => req.destroy(), limits.bodyWithinMs)
      const body = await readRawBody(req, MAX_BYTES, place.grow)
      clearTimeout(late)
      if (body === 'aborted') return metrics.count('aborted')
      if (body === 'too-large' || body === 'no-room') {
        const result = body === 'too-large' ? body : 'unavailable'
        metrics.count(result)
        tellRefused(result, { requestId, ...at, result })
        refuse(exchange, body === 'too-large' ? 'payload-too-large' : 'unavailable')
        return discardRest(req, MAX_DISCARDED_BYTES)
      }
      place.wait()
      if (failpoint) await failpoint('webhook.read')
      const headers = req.headers as Readonly<Record<string, string | undefined>>
      const { status } = await accept(deps, exchange, { body, headers })
      metrics.count(status)
      if (status !== 'accepted') {
        // Whoever invents channels has one cause in common.
        const cause = status === 'unknown-channel' ? status : `${status} ${channelId ?? appName}`
        if (status === 'bad-signature') refuseForged(deps, exchange, 'signature.refused', 'delivery')
        else tellRefused(cause, { requestId, ...at, result: status })
        return refuse(exchange, REFUSALS[status])
      }
      log.info({ requestId, ...at }, 'a webhook delivery was taken')
      if (failpoint) {
        await failpoint('webhook.answering')
        res.once('finish', () => void failpoint('webhook.answered'))
      }
      // A flat list of headers is what Node writes fastest.
      res.writeHead(200, [...RECEIVED_HEADERS, 'X-Request-Id', requestId, ...exchange.headers])
      res.end(RECEIVED)
      metrics.acknowledged((performance.now() - startedAt) / 1000)
    }
    return async (exchange) => {
      const place = room.enter()
      try {
        await take(exchange, place)
      } finally {
        place.leave()
      }
    }
  },
})
