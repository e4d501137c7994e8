import type { IncomingMessage, ServerResponse } from 'node:http'
import { Unavailable } from '../../core/errors.ts'
import type { ChannelId } from '../../core/ids.ts'
import { bareHeaders } from './bare-headers.ts'
import { receiveAppWebhook } from './operations/receive-app-webhook.ts'
import { receiveDataDeletion } from './operations/receive-data-deletion.ts'
import { receiveDeauthorization } from './operations/receive-deauthorization.ts'
import { receiveWebhook } from './operations/receive-webhook.ts'
import { verifyAppWebhook } from './operations/verify-app-webhook.ts'
import { verifyWebhook } from './operations/verify-webhook.ts'
import { requestIdOf } from './request-id.ts'
import { isUuid } from './uuid.ts'
import { refuse, type WebhookDeps, type WebhookExchange } from './webhook-exchange.ts'

const PREFIX = '/webhook/'
/** Of an app; a channel's id is a UUID. */
const APP_NAME = /^[a-z]{1,32}$/
const SAME_CAUSE_AGAIN_MS = 60_000
const WITHDRAWAL = /^([a-z]{1,32})\/(deauthorize|data-deletion)$/

/**
 * The platforms' door, first in the chain: takes any bytes, content type and query. No session, parser or validator stands
 * before it, and every step counts here.
 */
export function createWebhookRoute(
  deps: WebhookDeps,
): (req: IncomingMessage, res: ServerResponse, next: () => void) => void {
  const forChannel = [receiveWebhook.make(deps), verifyWebhook.make(deps)] as const
  const forApp = [receiveAppWebhook.make(deps), verifyAppWebhook.make(deps)] as const

  const [deauthorize, deleteData] = [receiveDeauthorization.make(deps), receiveDataDeletion.make(deps)]

  const fail = createFailure(deps)
  const headers = bareHeaders(deps.receipts.publicUrl)

  return (req, res, next) => {
    const url = req.url ?? ''
    if (!url.startsWith(PREFIX)) return next()
    const end = url.indexOf('?')
    const id = end < 0 ? url.slice(PREFIX.length) : url.slice(PREFIX.length, end)
    const [, withdrawnFrom, kind] = WITHDRAWAL.exec(id) ?? []
    const appName = withdrawnFrom ?? (APP_NAME.test(id) ? id : null)
    const exchange: WebhookExchange = {
      req,
      res,
      channelId: isUuid(id) ? (id as ChannelId) : null,
      appName,
      query: end < 0 ? '' : url.slice(end + 1),
      requestId: requestIdOf(req),
      headers,
    }
    if (kind !== undefined) {
      if (req.method !== 'POST') {
        res.setHeader('Allow', 'POST')
        return refuse(exchange, 'method-not-allowed')
      }
      const take = kind === 'deauthorize' ? deauthorize : deleteData
      take(exchange).catch((error: unknown) => fail(exchange, error))
      return
    }
    const [receive, verify] = appName === null ? forChannel : forApp
    if (req.method === 'POST') receive(exchange).catch((error: unknown) => fail(exchange, error))
    else if (req.method === 'GET' || req.method === 'HEAD')
      verify(exchange).catch((error: unknown) => fail(exchange, error))
    else {
      res.setHeader('Allow', 'GET, HEAD, POST')
      refuse(exchange, 'method-not-allowed')
    }
  }
}

function createFailure({ log, metrics }: WebhookDeps): (exchange: WebhookExchange, error: unknown) => void {
  const isNews = createNews()
  return (exchange, error) => {
    const unavailable = error instanceof Unavailable
    metrics.count(unavailable ? 'unavailable' : 'failed')
    const { channelId, appName, requestId } = exchange
    const facts = { requestId, ...(appName === null ? { channelId } : { appName }) }
    if (!unavailable) log.error({ err: error, ...facts }, 'a webhook call failed for a reason that is a bug')
    else
      log.warn(
        { ...facts, result: 'unavailable', ...(isNews(error) && { err: error }) },
        'a webhook call failed because something is away',
      )
    if (exchange.res.headersSent) exchange.res.destroy()
    else refuse(exchange, unavailable ? 'unavailable' : 'internal')
  }
}

/** Every call has its line, but what is behind it is told once a minute: thousands fail for the same reason. */
function createNews(): (error: Error) => boolean {
  let told = ''
  let toldAtMs = 0
  return (error) => {
    const reason = `${error.message}: ${error.cause instanceof Error ? error.cause.message : ''}`
    const nowMs = performance.now()
    if (reason === told && nowMs - toldAtMs < SAME_CAUSE_AGAIN_MS) return false
    told = reason
    toldAtMs = nowMs
    return true
  }
}
