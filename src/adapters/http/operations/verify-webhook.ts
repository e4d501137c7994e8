import { PLAIN_TEXT, refuse, type WebhookOperation } from '../webhook-exchange.ts'

/** The platform asks whether the callback URL is ours, and gets its challenge back exactly. */
export const verifyWebhook: WebhookOperation = {
  access: 'raw',
  make:
    ({ core, log }) =>
    async (exchange) => {
      const { res, channelId, query, requestId } = exchange
      const challenge = channelId === null ? null : await core.answerHandshake(channelId, new URLSearchParams(query))
      log.info({ requestId, channelId, verified: challenge !== null }, 'a platform asked to verify a webhook')
      if (challenge === null) return refuse(exchange, 'verification-failed')
      res.writeHead(200, {
        'Content-Type': PLAIN_TEXT,
        'Content-Length': Buffer.byteLength(challenge),
        'X-Request-Id': requestId,
        // The challenge is the caller's own text: nothing may take it for a page.
        'X-Content-Type-Options': 'nosniff',
        'Cache-Control': 'no-store',
      })
      res.end(challenge)
    },
}
