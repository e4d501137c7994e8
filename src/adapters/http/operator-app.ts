import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Registry } from 'prom-client'
import type { HttpDeps } from './http-deps.ts'
import { maySeeDetails } from './operator-access.ts'

export type OperatorAppDeps = Readonly<{ health: HttpDeps['health']; metrics: Registry; metricsToken: string | null }>

/** `/healthz`, `/readyz` and `/metrics` of a process that serves nothing else: a worker's health check asks here. */
export function createOperatorApp({ health, metrics, metricsToken }: OperatorAppDeps): RequestListener {
  const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const path = (req.url ?? '/').split('?', 1)[0]
    if (req.method !== 'GET' && req.method !== 'HEAD') return send(res, 405, 'text/plain', 'Only GET.\n')
    if (path === '/healthz') return send(res, 200, 'application/json', JSON.stringify({ status: 'ok' }))
    if (path === '/readyz') {
      const results = await health.ready()
      const ok = results.every((result) => result.ok)
      const checks = maySeeDetails(req, metricsToken) ? results : null
      return send(
        res,
        ok ? 200 : 503,
        'application/json',
        JSON.stringify({ status: ok ? 'ok' : 'unavailable', checks }),
      )
    }
    if (path === '/metrics' && maySeeDetails(req, metricsToken)) {
      return send(res, 200, metrics.contentType, await metrics.metrics())
    }
    return send(
      res,
      path === '/metrics' ? 401 : 404,
      'text/plain',
      path === '/metrics' ? 'Needs METRICS_TOKEN.\n' : 'Nothing here.\n',
    )
  }
  return (req, res) => {
    answer(req, res).catch(() => send(res, 500, 'text/plain', 'The figures could not be read.\n'))
  }
}

function send(res: ServerResponse, status: number, type: string, body: string): void {
  res.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
}
