import type { Request, RequestHandler, Response } from 'express'
import type { Logger } from '../../ports/logger.ts'
import type { ContractOperation } from './contract.ts'
import type { HttpMetrics } from './metrics.ts'
import { requestIdOf } from './request-id.ts'
import { NOT_IN_A_URI, pathOf } from './send-problem.ts'
import { isUuid } from './uuid.ts'

/** What is known of a request so far; filled in on its way. */
export type RequestFacts = {
  readonly requestId: string
  route: string
  operationId?: string
  orgId?: string
  userId?: string
  memberId?: string
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
  facts.operationId = operation.operationId
  return facts
}

/** Longer than every word of the contract's paths: a link's token, in whatever spelling or place. */
const MAX_WORD = 24

/**
 * The path without what opens something: whoever has the path of a file may read it, and what a client asks by mistake may be
 * anything. Ids stay; other long words are cut off, and what does not belong into an address is escaped.
 */
const loggedPath = (req: Request): string =>
  pathOf(req)
    .slice(0, MAX_PATH)
    .split('/')
    .map((word) => (word.length <= MAX_WORD || isUuid(word) ? word.replace(NOT_IN_A_URI, encodeURIComponent) : '…'))
    .join('/')

/** By id: the key that was shown, the member it speaks for, or, where no organization is asked for, the person. */
export const whoAsked = ({ orgId, userId, memberId, apiKeyId }: RequestFacts) => ({
  ...(orgId !== undefined && { orgId }),
  ...(memberId === undefined ? userId !== undefined && { userId } : { memberId }),
  ...(apiKeyId !== undefined && { apiKeyId }),
})

/** One line and one observation for each request. Never its body, its query or its headers: they hold what is secret. */
export function logRequests(log: Logger, metrics: HttpMetrics): RequestHandler {
  return (req, res, next) => {
    const facts: RequestFacts = { requestId: requestIdOf(req), route: 'unknown' }
    const startedAt = performance.now()
    res.locals[FACTS] = facts
    res.setHeader('X-Request-Id', facts.requestId)
    res.on('close', () => {
      const durationMs = Math.round(performance.now() - startedAt)
      const { requestId, route } = facts
      metrics.answered(req.method, route, res.statusCode, durationMs / 1000)
      const fields = {
        requestId,
        method: req.method,
        path: loggedPath(req),
        route,
        status: res.statusCode,
        durationMs,
        ...whoAsked(facts),
        ...(!res.writableFinished && { aborted: true }),
      }
      if (QUIET.has(route) && res.statusCode < 500) log.debug(fields, 'request')
      else log.info(fields, 'request')
    })
    next()
  }
}
