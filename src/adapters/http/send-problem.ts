import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Problem, type ProblemCode, type ProblemFacts, toProblem } from './problem.ts'

export const PROBLEM_TYPE = 'application/problem+json'

/** Seconds after which a 503 is worth another try. */
const RETRY_SECONDS = 5

/** Parsers of requests are more generous than those of answers: also a `%` that begins nothing gets by them. */
export const NOT_IN_A_URI = /[^\w\-.~!$&'()*+,;=:@/%]|%(?![0-9a-f]{2})/gi

export type ProblemDetails = Omit<ProblemFacts, 'instance' | 'requestId'>

/** A problem's body for this request. 503 always tells when to come back. */
export function problemFor(
  req: IncomingMessage,
  requestId: string,
  code: ProblemCode,
  details: ProblemDetails = {},
): Problem {
  const instance = pathOf(req).replace(NOT_IN_A_URI, encodeURIComponent)
  const problem = toProblem(code, { ...details, instance, requestId })
  return problem.status === 503 && problem.retryAfterSeconds === undefined
    ? { ...problem, retryAfterSeconds: RETRY_SECONDS }
    : problem
}

/** Writes past Express: the webhook path uses it too. `headers` are those of `bareHeaders`, where they were not set before. */
export function writeProblem(res: ServerResponse, problem: Problem, headers: readonly string[] = []): void {
  const body = JSON.stringify(problem)
  const { status, requestId, retryAfterSeconds } = problem
  res.writeHead(status, [
    ...headers,
    ...['Content-Type', PROBLEM_TYPE],
    ...['X-Request-Id', requestId],
    ...['Cache-Control', 'no-store'],
    ...(status === 401 ? ['WWW-Authenticate', 'Bearer'] : []),
    ...(retryAfterSeconds === undefined ? [] : ['Retry-After', String(retryAfterSeconds)]),
    ...['Content-Length', String(Buffer.byteLength(body))],
  ])
  res.end(body)
}

/** Without the query, which may hold a secret. */
export function pathOf(req: IncomingMessage & { originalUrl?: string }): string {
  const url = req.originalUrl ?? req.url ?? '/'
  const query = url.indexOf('?')
  return query < 0 ? url : url.slice(0, query)
}
