import type { Request, RequestHandler, Response } from 'express'
import type { Logger } from '../../ports/logger.ts'
import type { ContractOperation } from './contract.ts'
import type { HttpMetrics } from './metrics.ts'
import { requestIdOf } from './request-id.ts'
import { pathOf } from './send-problem.ts'

/** What is known of a request so far; filled in on its way. */
export type RequestFacts = {
  readonly requestId: string
  route: string
  orgId?: string
  userId?: string
  apiKeyId?: string
}

const FACTS = 'facts'
const MAX_PATH = 200
/** Asked every few seconds by machines. */
const QUIET = new Set(['/healthz', '/readyz', '/metrics'])

export const factsOf = (res: Response): RequestFacts => res.locals[FACTS] as RequestFacts

export function describeRequest(res: Response, operation: ContractOperation): RequestFacts {
  const facts = factsOf(res)
  facts.route = operation.template
  return facts
}

/** Whoever has the path of a file may read it, so it is in no log. */
const loggedPath = (req: Request): string =>
  pathOf(req)
    .replace(/^\/+media\/.*/is, '/media/…')
    .slice(0, MAX_PATH)

/** One line and one observation for each request. Never its body, its query or its headers: they hold what is secret. */
export function logRequests(log: Logger, metrics: HttpMetrics): RequestHandler {
  return (req, res, next) => {
    const facts: RequestFacts = { requestId: requestIdOf(req), route: 'unknown' }
    const startedAt = performance.now()
    res.locals[FACTS] = facts
    res.setHeader('X-Request-Id', facts.requestId)
    res.on('close', () => {
      const durationMs = Math.round(performance.now() - startedAt)
      const { requestId, route, orgId, apiKeyId } = facts
      metrics.answered(req.method, route, res.statusCode, durationMs / 1000)
      const fields = {
        requestId,
        method: req.method,
        path: loggedPath(req),
        route,
        status: res.statusCode,
        durationMs,
        ...(orgId !== undefined && { orgId }),
        ...(apiKeyId !== undefined && { apiKeyId }),
        ...(!res.writableFinished && { aborted: true }),
      }
      if (QUIET.has(route) && res.statusCode < 500) log.debug(fields, 'request')
      else log.info(fields, 'request')
    })
    next()
  }
}
