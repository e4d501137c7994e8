import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Registry } from 'prom-client'
import type { Clock } from '../../ports/clock.ts'
import { bareHeaders, setHeaders } from './bare-headers.ts'
import type { HttpDeps } from './http-deps.ts'
import { FIGURES_ARE_PRIVATE, maySeeDetails } from './operator-access.ts'
import type { ProblemCode } from './problem.ts'
import { readinessAnswers } from './readiness-answer.ts'
import { requestIdOf } from './request-id.ts'
import { type ProblemDetails, problemFor, writeProblem } from './send-problem.ts'

export type OperatorAppDeps = Readonly<{
  health: HttpDeps['health']
  clock: Pick<Clock, 'monotonicMs'>
  metrics: Registry
  metricsToken: string | null
  publicUrl: string
}>

export type OperatorApp = Readonly<{
  app: RequestListener
  /** From now on the process is not ready; it goes on answering. */
  leave(): void
  close(): Promise<void>
}>

/**
 * `/healthz`, `/readyz` and `/metrics` of a process that serves nothing else, answered as the api role answers them: a worker's
 * health check asks here.
 */
export function createOperatorApp({ health, clock, metrics, metricsToken, publicUrl }: OperatorAppDeps): OperatorApp {
  let isClosing = false
  const headers = bareHeaders(publicUrl)
  const ready = readinessAnswers({ health, clock }, () => isClosing)

  const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const path = (req.url ?? '/').split('?', 1)[0]
    const refuse = (code: ProblemCode, details?: ProblemDetails) =>
      writeProblem(res, problemFor(req, requestIdOf(req), code, details))
    if (req.method !== 'GET' && req.method !== 'HEAD') return refuse('method-not-allowed')
    const details = maySeeDetails(req, metricsToken)
    if (path === '/healthz') return send(res, 200, 'application/json', JSON.stringify({ status: 'ok' }))
    if (path === '/readyz') {
      const { status, body } = await ready({ details })
      return send(res, status, 'application/json', JSON.stringify(body))
    }
    if (path !== '/metrics') return refuse('not-found')
    if (!details) return refuse('unauthenticated', { detail: FIGURES_ARE_PRIVATE })
    send(res, 200, metrics.contentType, await metrics.metrics())
  }
  return {
    app: (req, res) => {
      setHeaders(res, headers)
      answer(req, res).catch(() => writeProblem(res, problemFor(req, requestIdOf(req), 'internal')))
    },
    leave() {
      isClosing = true
    },
    async close() {
      isClosing = true
    },
  }
}

function send(res: ServerResponse, status: number, type: string, body: string): void {
  res.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
}
