import type { WebhookAnswer } from '../../../core/channel/accept-webhook.ts'
import { isLocalCaller } from '../local-caller.ts'
import type { ProblemCode } from '../problem.ts'
import { discardRest, readRawBody } from '../raw-body.ts'
import { PLAIN_TEXT, refuse, type WebhookOperation } from '../webhook-exchange.ts'

const MAX_BYTES = 3 * 1024 * 1024
/** How much of a refused upload is still read, so that its sender gets to see the answer. */
const MAX_DISCARDED_BYTES = 16 * 1024 * 1024

const RECEIVED = 'EVENT_RECEIVED'
const RECEIVED_LENGTH = String(RECEIVED.length)

const REFUSALS = {
  'unknown-channel': 'not-found',
  'no-secret': 'no-webhook-secret',
  'bad-signature': 'bad-signature',
  unavailable: 'unavailable',
} as const satisfies Record<Exclude<WebhookAnswer['status'], 'accepted'>, ProblemCode>

const UNKNOWN: WebhookAnswer = { status: 'unknown-channel' }

/** Takes the exact bytes; 200 means that they are durable. */
export const receiveWebhook: WebhookOperation = {
  access: 'raw',
  make:
    ({ core, log, metrics }) =>
    async (exchange) => {
      const { req, res, channelId, requestId } = exchange
      const startedAt = performance.now()
      const body = await readRawBody(req, MAX_BYTES)
      if (body === 'aborted') return metrics.count('aborted')
      if (body === 'too-large') {
        metrics.count('too-large')
        refuse(exchange, 'payload-too-large')
        return discardRest(req, MAX_DISCARDED_BYTES)
      }
      const headers = req.headers as Readonly<Record<string, string | undefined>>
      const { status } =
        channelId === null
          ? UNKNOWN
          : await core.acceptWebhook({ channelId, body, headers, isLocal: isLocalCaller(req), requestId })
      metrics.count(status)
      if (status !== 'accepted') {
        log.warn({ requestId, channelId, result: status }, 'a webhook delivery was refused')
        return refuse(exchange, REFUSALS[status])
      }
      log.debug({ requestId, channelId }, 'a webhook delivery was taken')
      // A flat list of headers is what Node writes fastest.
      res.writeHead(200, ['Content-Type', PLAIN_TEXT, 'Content-Length', RECEIVED_LENGTH, 'X-Request-Id', requestId])
      res.end(RECEIVED)
      metrics.acknowledged((performance.now() - startedAt) / 1000)
    },
}
