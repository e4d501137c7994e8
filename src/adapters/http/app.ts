import type { IncomingMessage, RequestListener } from 'node:http'
import express, { type NextFunction, type Request, type Response } from 'express'
import { NotFound } from '../../core/errors.ts'
import { callerAddress } from './caller-address.ts'
import { loadContract } from './contract.ts'
import { createCursors } from './cursor.ts'
import { mountDocs } from './docs-route.ts'
import { createEventStreams } from './event-stream/event-streams.ts'
import type { StreamTiming } from './event-stream/stream-timing.ts'
import type { HttpDeps } from './http-deps.ts'
import { createHttpMetrics } from './metrics.ts'
import { mountOperations } from './mount.ts'
import type { OperationDeps } from './operation.ts'
import { operations } from './operations/index.ts'
import { factsOf, logRequests } from './request-log.ts'
import { securityHeaders } from './security-headers.ts'
import { createSecurityLog } from './security-log.ts'
import { createSender } from './sender.ts'
import { createSessions } from './session.ts'
import { signingSecret } from './signing-secret.ts'
import { createWebhookRoom, WEBHOOK_LIMITS } from './webhook-room.ts'
import { createWebhookRoute } from './webhooks.ts'

export type HttpApp = Readonly<{
  app: RequestListener
  /** Readiness says no from now on. */
  leave(): void
  /** The same, and event streams end with a goodbye. Requests are still answered. */
  close(): Promise<void>
}>

export function createHttpApp(deps: HttpDeps, timing?: StreamTiming): HttpApp {
  const { accounts, clock, config, core, feed, log, secrets, wakeups } = deps
  const contract = deps.contract ?? loadContract()
  const metrics = createHttpMetrics(deps.metrics)
  const sessions = createSessions({
    core,
    accounts,
    records: deps.sessions,
    clock,
    secrets: secrets.sessionSecrets,
    ttlMs: config.sessionTtlMs,
    idleMs: config.sessionIdleMs,
    publicUrl: config.publicUrl,
  })
  const streams = createEventStreams({ accounts, clock, core, feed, log, metrics, sessions, wakeups }, timing)
  const security = createSecurityLog({ log, secret: signingSecret(secrets.sessionSecrets) })
  let isClosing = false
  const operationDeps: OperationDeps = {
    ...deps,
    contract,
    cursors: createCursors(secrets.cursorKey),
    sessions,
    metrics,
    registryText: deps.metrics,
    streams,
    isClosing: () => isClosing,
    security,
  }

  const app = express()
  app.disable('x-powered-by').disable('etag').enable('case sensitive routing')
  app.set('trust proxy', config.trustProxy)
  // By the same rule as at the platforms' door.
  const ip = function (this: IncomingMessage): string {
    return callerAddress(this, config.trustProxy)
  }
  Object.defineProperty(app.request, 'ip', { configurable: true, get: ip })
  app.set('query parser', 'simple')
  app.use(logRequests(log, metrics))
  app.use(securityHeaders(config.publicUrl))
  if (config.exposeDocs) mountDocs(app, contract.document.info.title)
  app.use(noStore)
  mountOperations(app, operations, operationDeps)
  app.use(() => {
    throw new NotFound('route')
  })
  const send = createSender(deps)
  app.use((error: unknown, req: Request, res: Response, _next: NextFunction) => {
    security.thrown(error, { req, res })
    send.error(req, res, null, factsOf(res), error)
  })

  // Before Express, which gives every request another prototype first: nothing else has business on this path.
  const limits = { ...WEBHOOK_LIMITS, ...deps.webhookLimits }
  const webhooks = createWebhookRoute({
    core,
    log,
    security,
    trustedProxies: config.trustProxy,
    metrics: metrics.webhooks,
    failpoint: deps.failpoint ?? null,
    limits,
    room: createWebhookRoom(limits),
    receipts: { publicUrl: config.publicUrl, secrets: secrets.sessionSecrets },
  })

  return {
    app: (req, res) => webhooks(req, res, () => app(req, res)),
    leave() {
      isClosing = true
    },
    async close() {
      isClosing = true
      await streams.close()
    },
  }
}

function noStore(_req: Request, res: Response, next: NextFunction): void {
  res.setHeader('Cache-Control', 'private, no-store')
  next()
}
