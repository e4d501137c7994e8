import { setHeaders } from './bare-headers.ts'
import {
  PLAIN_TEXT,
  refuse,
  refuseForged,
  type WebhookDeps,
  type WebhookExchange,
  type WebhookOperation,
} from './webhook-exchange.ts'

type Ask = (deps: WebhookDeps, exchange: WebhookExchange, query: URLSearchParams) => Promise<string | null>

/** The platform asks whether the callback URL is ours, and gets its challenge back exactly. */
export const answerChallenge = (ask: Ask): WebhookOperation => ({
  access: 'raw',
  make: (deps) => async (exchange) => {
    const { res, channelId, appName, query, requestId } = exchange
    const challenge = await ask(deps, exchange, new URLSearchParams(query))
    const at = appName === null ? { channelId } : { appName }
    if (challenge === null) {
      refuseForged(deps, exchange, 'verify-token.refused', 'handshake')
      return refuse(exchange, 'verification-failed')
    }
    deps.log.info({ requestId, ...at }, 'a platform verified a webhook')
    // The challenge is the caller's own text: nothing may take it for a page.
    setHeaders(res, exchange.headers)
    res.writeHead(200, {
      'Content-Type': PLAIN_TEXT,
      'Content-Length': Buffer.byteLength(challenge),
      'X-Request-Id': requestId,
      'Cache-Control': 'no-store',
    })
    res.end(challenge)
  },
})
