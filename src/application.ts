import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { OperatorApp } from './adapters/http/index.ts'
import { createPinoLogger } from './adapters/logging/pino-logger.ts'
import { compose } from './composition.ts'
import type { Config, Secrets } from './config.ts'
import type { Logger } from './ports/logger.ts'
import { startInbound } from './roles/inbound.ts'
import { startOutbound } from './roles/outbound.ts'
import type { RunningRole } from './roles/role.ts'
import { startScheduler } from './roles/scheduler.ts'

export const runningRoles = ['api', 'inbound', 'outbound', 'relay', 'scheduler'] as const
export type RunningRoleName = (typeof runningRoles)[number]

export class AddressInUse extends Error {
  constructor(port: number, variable: string) {
    super(`Port ${port} is taken. Stop what listens there, or set ${variable} to another one.`)
    this.name = 'AddressInUse'
  }
}

export type ApplicationOptions = Readonly<{
  roles: readonly RunningRoleName[]
  config: Config
  secrets: Secrets
  log?: Logger
  onProgress?: (line: string) => void
  /** Once aborted, a start is given up between two steps: what it opened is closed, and it rejects. */
  signal?: AbortSignal
}>

export type Application = Readonly<{
  /** Null where the api role does not run here. */
  url: string | null
  /** Takes nothing new, finishes what runs, gives back the rest, closes every connection. Idempotent. */
  close(): Promise<void>
}>

/** How long open requests have to end by themselves. */
const DRAIN_MS = 10_000

/** One composition, any of the roles: together in one process or each in its own. */
export async function startApplication(options: ApplicationOptions): Promise<Application> {
  const { roles, config, secrets, onProgress, signal } = options
  const log = options.log ?? createPinoLogger(config.logLevel)
  const runs = (role: RunningRoleName) => roles.includes(role)
  // The port comes first: a second start must not touch what a running one uses.
  const server = runs('api') ? await listen(config.host, config.port, 'PORT') : null
  const url = server && `http://${hostOf(config.host)}:${(server.address() as AddressInfo).port}`
  const started: RunningRole[] = []
  let ground: RunningRole | null = null
  try {
    onProgress?.(
      config.services.database === 'embedded' ? 'Starting the embedded PostgreSQL' : 'Connecting to PostgreSQL',
    )
    const composition = await compose({ config, secrets, log })
    ground = { stop: composition.close }
    signal?.throwIfAborted()
    const { core, relay, source, jobs, wakeups, housekeeping, clock } = composition
    await wakeups.start()
    signal?.throwIfAborted()
    onProgress?.('Starting the roles')
    if (runs('relay')) {
      await relay.start()
      started.push(relay)
    }
    if (runs('inbound')) started.push(await startInbound({ core, source, jobs }))
    if (runs('outbound')) started.push(await startOutbound({ core, wakeups, jobs, log }))
    if (runs('scheduler')) {
      started.push(
        startScheduler({ core, housekeeping, clock, log, rawEventRetentionDays: config.rawEventRetentionDays }),
      )
    }
    if (!runs('api') && config.metricsPort !== null) started.push(await serveOperator(config, composition.operator()))
    if (server) {
      started.push(await composition.joinApiProcesses())
      const http = composition.http()
      server.on('request', http.app)
      started.push({ stop: () => drain(server, http.close) })
    }
    log.info({ roles, ...composition.uses }, describe(config))
    if (url !== null) log.info({ url }, `listening at ${url}, described at ${url}/docs`)
  } catch (error) {
    await stopAll(started, ground)
    server?.close()
    throw error
  }
  let closing: Promise<void> | null = null
  return {
    url,
    close: () => {
      closing ??= stopAll(started, ground)
      return closing
    },
  }
}

/**
 * All roles at once, since each may need most of the grace, then what they stand on. One that cannot stop does not keep the
 * others from it.
 */
async function stopAll(started: readonly RunningRole[], ground: RunningRole | null): Promise<void> {
  const ends = await Promise.allSettled(started.map((role) => role.stop()))
  ends.push(...(await Promise.allSettled([ground?.stop()])))
  const failures = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []))
  if (failures.length > 0) throw new AggregateError(failures, 'not everything could be stopped in order')
}

/** Answers 503 until the application is composed: a load balancer and Meta then come again. */
function listen(host: string, port: number, variable: string): Promise<Server> {
  // A request's time is that of the slowest upload and of its wait for a place.
  const server = createServer({ keepAliveTimeout: 65_000, headersTimeout: 20_000, requestTimeout: 180_000 })
  const starting = (_: unknown, response: ServerResponse): void => {
    response.writeHead(503, { 'retry-after': '2', 'content-type': 'text/plain' }).end('Starting.\n')
  }
  server.on('request', starting)
  server.on('newListener', (event) => {
    if (event === 'request') server.off('request', starting)
  })
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? new AddressInUse(port, variable) : error),
    )
    server.listen(port, host, () => resolve(server))
  })
}

/** A worker's health and figures, on a port of their own. */
async function serveOperator({ host, metricsPort }: Config, operator: OperatorApp): Promise<RunningRole> {
  const server = await listen(host, metricsPort ?? 0, 'METRICS_PORT')
  server.on('request', operator.app)
  return { stop: () => drain(server, operator.close) }
}

/** No new connection; running requests end, streams are told to come back, what is idle is closed. */
async function drain(server: Server, endStreams: () => Promise<void>): Promise<void> {
  await quietMoment()
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  await endStreams()
  server.closeIdleConnections()
  const sweep = setInterval(() => server.closeIdleConnections(), 100)
  const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS)
  await closed
  clearInterval(sweep)
  clearTimeout(cut)
}

/** A turn of the event loop that is shorter than this has left next to nobody waiting. */
const QUIET_TURN_MS = 2
const QUIET_WITHIN_MS = 1_000

/**
 * Whoever is still in the kernel's queue when the door closes is reset unseen. Each turn of the loop accepts all who are there
 * and then works for them, while others come: the door closes after a turn without much work, where there is one.
 */
async function quietMoment(): Promise<void> {
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  const until = performance.now() + QUIET_WITHIN_MS
  await turn()
  for (let from = performance.now(); from < until; from = performance.now()) {
    await turn()
    if (performance.now() - from < QUIET_TURN_MS) return
  }
}

const hostOf = (host: string): string =>
  host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host

/** Which database, queue and session store are in use, and the variable that chooses each. */
const describe = ({ services }: Config): string =>
  `database: ${services.database} (DATABASE_URL), queue: ${services.queue} (RABBITMQ_URL), sessions: ${services.sessions} (REDIS_URL)`
