import type { RequestListener } from 'node:http'
import { Registry } from 'prom-client'
import type { Clock } from '../../ports/clock.ts'
import { bareHeaders } from './bare-headers.ts'
import type { HealthCheck } from './http-deps.ts'
import { createOperatorApp } from './operator-app.ts'
import { requestIdOf } from './request-id.ts'
import { pathOf, problemFor, writeProblem } from './send-problem.ts'

const OPERATORS = ['/healthz', '/readyz', '/metrics']
const RETRY_SECONDS = 2

/** What a process answers until it is composed: it is alive, and `/readyz` tells what it waits for; all else may come again. */
export function createStartingApp(options: {
  /** Null: for nothing but itself. */
  waitsFor: () => { dependency: string; why: string } | null
  clock: Pick<Clock, 'monotonicMs'>
  metricsToken: string | null
  publicUrl: string
}): RequestListener {
  const checks = (): readonly HealthCheck[] => {
    const { dependency: name, why: detail } = options.waitsFor() ?? { dependency: 'start', why: 'It is starting.' }
    return [{ name, ok: false, detail }]
  }
  const { clock, metricsToken, publicUrl } = options
  const headers = bareHeaders(publicUrl)
  const health = { ready: async () => checks() }
  const operator = createOperatorApp({ health, clock, metrics: new Registry(), metricsToken, publicUrl })
  return (req, res) => {
    if (OPERATORS.includes(pathOf(req))) return operator.app(req, res)
    const details = { detail: 'This process is starting.', retryAfterSeconds: RETRY_SECONDS }
    writeProblem(res, problemFor(req, requestIdOf(req), 'unavailable', details), headers)
  }
}
