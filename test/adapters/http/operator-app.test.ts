import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { Counter, Registry } from 'prom-client'
import { createOperatorApp } from '../../../src/adapters/http/operator-app.ts'
import { METRICS_TOKEN, PUBLIC_URL, startHttp } from './support/http-server.ts'

const tunnelled = { 'x-forwarded-for': '127.0.0.1' }
const bearer = { ...tunnelled, authorization: `Bearer ${METRICS_TOKEN}` }

/** What a worker serves at METRICS_PORT. */
async function startOperator(t: ExecutionContext) {
  const checks = [{ name: 'database', ok: true, detail: null as string | null }]
  const asked = { times: 0 }
  const time = { ms: 0 }
  const metrics = new Registry()
  new Counter({ name: 'things_total', help: 'Things.', registers: [metrics] }).inc()
  const ready = async () => {
    asked.times += 1
    return [...checks]
  }
  const operator = createOperatorApp({
    health: { ready },
    clock: { monotonicMs: () => time.ms },
    metrics,
    metricsToken: METRICS_TOKEN,
    publicUrl: PUBLIC_URL,
  })
  const server = createServer(operator.app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const get = async (path: string, headers: Record<string, string> = {}, method = 'GET') => {
    const response = await fetch(`${url}${path}`, { headers: { connection: 'close', ...headers }, method })
    const text = await response.text()
    const type = response.headers.get('content-type') ?? ''
    return { status: response.status, type, text, json: type.includes('json') ? JSON.parse(text) : null }
  }
  return { operator, checks, asked, time, get }
}

test('a worker answers /readyz and /healthz as the api does', async (t) => {
  const worker = await startOperator(t)
  const api = await startHttp()
  t.teardown(() => api.stop())
  for (const path of ['/readyz', '/healthz']) {
    for (const headers of [{}, tunnelled, bearer]) {
      const [ours, theirs] = [await worker.get(path, headers), await api.call('GET', path, { headers })]
      t.deepEqual([ours.status, ours.json], [theirs.status, theirs.json])
    }
  }
})

test('it is not ready while something is missing or it ends, and asks once a second at most', async (t) => {
  const { operator, checks, asked, time, get } = await startOperator(t)
  t.is((await get('/readyz')).status, 200)
  checks.push({ name: 'queue', ok: false, detail: 'the broker does not answer' })
  t.is((await get('/readyz')).status, 200)
  t.is(asked.times, 1)
  time.ms += 1_000
  const away = await get('/readyz')
  t.is(away.status, 503)
  t.like(away.json, { status: 'unavailable', checks: { queue: { ok: false, detail: 'the broker does not answer' } } })
  checks.pop()
  time.ms += 1_000
  t.is((await get('/readyz')).status, 200)
  await operator.close()
  t.is((await get('/readyz')).status, 503)
  t.is((await get('/healthz')).status, 200)
})

test('the figures are for this machine and the token; whatever else is asked is a problem with its code', async (t) => {
  const { get } = await startOperator(t)
  t.regex((await get('/metrics')).text, /^things_total 1$/m)
  t.is((await get('/metrics', bearer)).status, 200)
  for (const [path, headers, method, status, code] of [
    ['/metrics', tunnelled, 'GET', 401, 'unauthenticated'],
    ['/orgs', {}, 'GET', 404, 'not-found'],
    ['/readyz', {}, 'POST', 405, 'method-not-allowed'],
  ] as const) {
    const answer = await get(path, headers, method)
    t.is(answer.status, status)
    t.is(answer.type, 'application/problem+json')
    t.like(answer.json, { code, instance: path })
  }
})
