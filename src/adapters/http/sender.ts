import type { Request, Response } from 'express'
import { secretIn } from './answer-secrets.ts'
import type { ContractOperation } from './contract.ts'
import type { HttpDeps } from './http-deps.ts'
import type { Answer } from './operation.ts'
import { contractBreach, toProblemAnswer } from './problem-handler.ts'
import type { RequestFacts } from './request-log.ts'
import { PROBLEM_TYPE, writeProblem } from './send-problem.ts'

export type Sender = Readonly<{
  answer(res: Response, operation: ContractOperation, answer: Answer): void
  error(req: Request, res: Response, operation: ContractOperation | null, facts: RequestFacts, error: unknown): void
}>

/** As it will be read: with what `toJSON` gives. */
const plain = (body: unknown): unknown => (body === undefined ? undefined : JSON.parse(JSON.stringify(body)))

/** Everything that leaves passes here, and is held against the contract where that is asked for. */
export function createSender({ config, log }: Pick<HttpDeps, 'config' | 'log'>): Sender {
  const checks = config.answerChecks ?? (config.production ? 'off' : 'log')

  const check = (
    res: Response,
    operation: ContractOperation | null,
    status: number,
    type: string | null,
    body: unknown,
  ): void => {
    if (checks === 'off') return
    const operationId = operation?.operationId ?? null
    const secret = secretIn(operationId, status, plain(body))
    const breach =
      secret === null
        ? operation && contractBreach(operation, res, status, type, body)
        : `${operationId ?? 'an answer outside the contract'} gives away ${secret}`
    if (breach === null) return
    if (checks === 'throw') throw new Error(breach)
    log.error({ operationId }, breach)
  }

  return {
    answer(res, operation, { status, body, type, headers = {} }) {
      const isJson = type === undefined || type === 'application/json'
      const contentType = body === undefined ? null : (type ?? 'application/json')
      check(res, operation, status, contentType, isJson ? body : undefined)
      res.status(status)
      for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
      if (body === undefined) return void res.end()
      res.setHeader('Content-Type', `${contentType}; charset=utf-8`)
      const text = isJson ? JSON.stringify(body) : String(body)
      res.setHeader('Content-Length', Buffer.byteLength(text))
      res.end(text)
    },

    error(req, res, operation, facts, error) {
      let problem = toProblemAnswer(error, req, facts.requestId, log)
      // The client is gone, or half an answer is out: there is nobody to tell.
      if (res.headersSent) return void res.destroy()
      try {
        check(res, operation, problem.status, PROBLEM_TYPE, problem)
      } catch (breach) {
        problem = toProblemAnswer(breach, req, facts.requestId, log)
      }
      writeProblem(res, problem)
    },
  }
}
