import type { Request, Response } from 'express'
import { DomainError } from '../../core/errors.ts'
import type { Logger } from '../../ports/logger.ts'
import type { ContractOperation } from './contract.ts'
import { isProblemCode, type Problem, type ProblemCode } from './problem.ts'
import { type ProblemDetails, problemFor } from './send-problem.ts'

/** Turns whatever was thrown into the problem that the caller gets; a bug is logged, once and with its cause. */
export function toProblemAnswer(error: unknown, req: Request, requestId: string, log: Logger): Problem {
  const [code, details] = classify(error)
  if (code === 'internal') log.error({ err: error, requestId }, 'a request failed for a reason that is a bug')
  if (code === 'unavailable') log.warn({ err: error, requestId }, 'a request failed because something is away')
  return problemFor(req, requestId, code, details)
}

function classify(error: unknown): [code: ProblemCode, details: ProblemDetails] {
  // A path that cannot be decoded names nothing.
  if (error instanceof URIError) return ['not-found', {}]
  if (!(error instanceof DomainError) || !isProblemCode(error.code)) return ['internal', {}]
  const { retryAfterSeconds, ...extra } = error.extra
  return [
    error.code,
    {
      detail: error.message,
      errors: error.errors,
      extra,
      ...(typeof retryAfterSeconds === 'number' && { retryAfterSeconds }),
    },
  ]
}

/** What is wrong with an answer, as one sentence; null if nothing is. */
export function contractBreach(
  operation: ContractOperation,
  res: Response,
  status: number,
  type: string | null,
  body: unknown,
): string | null {
  if (res.req.method === 'HEAD') return null
  const plain: unknown = body === undefined ? undefined : JSON.parse(JSON.stringify(body))
  const errors = operation.validateResponse(status, type, plain)
  if (errors.length === 0) return null
  const places = errors.map(({ pointer, detail }) => `${pointer || '(all)'} ${detail}`)
  return `${operation.operationId} answers ${status} against the contract: ${places.join('; ')}`
}
