import type { AddressInfo } from 'node:net'
import { createStartingApp } from './adapters/http/index.ts'
import { createPinoLogger } from './adapters/logging/pino-logger.ts'
import { systemClock } from './adapters/system-clock.ts'
import { compose } from './composition.ts'
import type { Config, Secrets } from './config.ts'
import { drain, listen } from './listening.ts'
import type { Logger } from './ports/logger.ts'
import { startInbound } from './roles/inbound.ts'
import { startOutbound } from './roles/outbound.ts'
import type { RunningRole } from './roles/role.ts'
import { startScheduler } from './roles/scheduler.ts'

export const runningRoles = ['api', 'inbound', 'outbound', 'relay', 'scheduler'] as const
export type RunningRoleName = (typeof runningRoles)[number]

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

/** One composition, any of the roles: together in one process or each in its own. */
export async function startApplication(options: ApplicationOptions): Promise<Application> {
  const { roles, config, secrets, onProgress, signal } = options
  const log = options.log ?? createPinoLogger(config.logLevel)
  const runs = (role: RunningRoleName) => roles.includes(role)
  let waits: { dependency: string; why: string } | null = null
  const starting = createStartingApp({
    ...{ waitsFor: () => waits, clock: systemClock },
    ...{ metricsToken: secrets.metricsToken, publicUrl: config.publicUrl },
  })
  // The port comes first: a second start must not touch what a running one uses.
  const server = runs('api') ? await listen(config.host, config.port, 'PORT', starting) : null
  const isWatched = !runs('api') && config.metricsPort !== null
  const operators = isWatched ? await listen(config.host, config.metricsPort, 'METRICS_PORT', starting) : null
  const url = server && `http://${hostOf(config.host)}:${(server.address() as AddressInfo).port}`
  const started: RunningRole[] = []
  let ground: RunningRole | null = null
  try {
    onProgress?.(
      config.services.database === 'embedded' ? 'Starting the embedded PostgreSQL' : 'Connecting to PostgreSQL',
    )
    const composition = await compose({
      config,
      secrets,
      log,
      waiting: { waitsFor: (dependency, why) => (waits = why === null ? null : { dependency, why }), signal },
    })
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
    if (operators) {
      const operator = composition.operator()
      operators.on('request', operator.app)
      started.push({ stop: () => drain(operators, operator, 0) })
    }
    if (server) {
      started.push(await composition.joinApiProcesses())
      const http = composition.http()
      server.on('request', http.app)
      started.push({ stop: () => drain(server, http, config.shutdownDelayMs) })
    }
    started.push(composition.watchEventLoop())
    log.info({ roles, ...composition.uses }, describe(config))
    if (url !== null) log.info({ url }, `listening at ${url}, described at ${url}/docs`)
  } catch (error) {
    await stopAll(started, ground)
    server?.close()
    operators?.close()
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

const hostOf = (host: string): string =>
  host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host

/** Which database, queue and session store are in use, and the variable that chooses each. */
const describe = ({ services }: Config): string =>
  `database: ${services.database} (DATABASE_URL), queue: ${services.queue} (RABBITMQ_URL), sessions: ${services.sessions} (REDIS_URL)`
