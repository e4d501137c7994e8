import { readVariables } from './config/read-variables.ts'
import type { Environment } from './config/types.ts'

const timeoutMs = 4_000

/** Where a process started with this environment answers `/healthz`; null where it was told to answer nowhere. */
export function healthUrl(environment: Environment, process: 'api' | 'worker'): string | null {
  const { values } = readVariables(environment)
  const port = process === 'api' ? values.PORT : values.METRICS_PORT
  const anyAddress = values.HOST === undefined || values.HOST === '0.0.0.0' || values.HOST === '::'
  const host = anyAddress ? '127.0.0.1' : (values.HOST ?? '127.0.0.1')
  return port === undefined ? null : `http://${host.includes(':') ? `[${host}]` : host}:${port}/healthz`
}

/** `node dist/health-check.js api|worker`, for the container engine: 0 if the process beside it answers, else 1. */
export async function main(args: readonly string[]): Promise<number> {
  const url = healthUrl(process.env, args[0] === 'worker' ? 'worker' : 'api')
  if (url === null) {
    console.error('METRICS_PORT is not set: there is nothing to ask.')
    return 1
  }
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) })
    if (response.ok) return 0
    console.error(`${url} answered ${response.status}`)
  } catch (error) {
    console.error(`${url} did not answer: ${error instanceof Error ? error.message : String(error)}`)
  }
  return 1
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2))
