import type { ClientConfig, Pool } from 'pg'
import type { Config, Secrets } from '../../config.ts'
import type { Logger } from '../../ports/logger.ts'
import { assertBound } from './bound-check.ts'
import { type ConnectionOptions, connectionConfig, type DatabaseTarget } from './connection.ts'
import { migrate } from './database.ts'
import { assertDurable } from './durability-check.ts'
import { startEmbeddedPostgres } from './embedded/index.ts'
import { createOrm } from './orm.ts'
import { createSystemPool } from './system-pool.ts'
import type { Orm } from './transaction.ts'
import { type Waiting, whenThere } from './when-there.ts'

export type OpenDatabase = Readonly<{
  orm: Orm
  /** Sessions of the system role, for what runs by itself. */
  systemPool: Pool
  /** One connection for whoever asks whether the database answers: also while all others are in use. */
  healthPool: Pool
  /** For whoever needs a connection of its own, past any pooler. */
  direct: ClientConfig
  /** The same, becoming `dc_system` as it starts. */
  directSystem: ClientConfig
  close(): Promise<void>
}>

type Options = Readonly<{ config: Config; secrets: Secrets; log: Logger }>
type Server = Readonly<{ runtime: DatabaseTarget; admin: DatabaseTarget; close(): Promise<void> }>

const DATABASE = 'delightchat'
const LOGIN = 'dc_login'
/** A session is waited for a second at most, so that a request is answered within five; less is too little on a busy machine. */
const CONNECTED_WITHIN_MS = 4_000

/** The embedded server, joined or started, or the one that DATABASE_URL names. */
async function reach({ config, secrets, log }: Options): Promise<Server> {
  if (secrets.databaseUrl !== null) {
    const runtime = { url: secrets.databaseUrl }
    return { runtime, admin: { url: secrets.databaseAdminUrl ?? secrets.databaseUrl }, close: async () => {} }
  }
  const lines = { info: (message: string) => log.info({}, message), warn: (message: string) => log.warn({}, message) }
  const server = await startEmbeddedPostgres({ dataDir: `${config.dataDir}/pg`, log: lines })
  const { socketDir: host, port } = server
  return {
    runtime: { host, port, user: LOGIN, dbName: DATABASE },
    admin: { host, port, user: server.adminUser, dbName: DATABASE },
    close: () => server.close(),
  }
}

/** `db:push`: roles and migrations. */
export async function pushDatabase(options: Options): Promise<{ applied: number }> {
  const server = await reach(options)
  try {
    return await bringUp(server)
  } finally {
    await server.close()
  }
}

/**
 * Opens the pools of a running process and asks the server whether their roles are bound to one organization, and whether it is
 * as durable as the promises need. An embedded database is brought to the current state first; a server's is db:push's to
 * change. With `waiting` a server that is away is waited for.
 */
export async function openDatabase(options: Options & Readonly<{ waiting?: Waiting }>): Promise<OpenDatabase> {
  const { config, log, waiting } = options
  const server = await reach(options)
  try {
    const open = async () => {
      if (config.services.database === 'embedded') await bringUp(server)
      return openPools(server, options)
    }
    return await whenThere(open, { waiting, log })
  } catch (error) {
    await server.close()
    throw error
  }
}

async function openPools(server: Server, { config, log }: Options): Promise<OpenDatabase> {
  // With one URL the login may be the owner: every connection becomes the bound role as it starts. The login made for this
  // becomes it by itself, so that its connections can go through a pooler that refuses start options.
  const isOwn = !('url' in server.runtime) || new URL(server.runtime.url).username === LOGIN
  const role: ConnectionOptions = isOwn ? {} : { role: 'dc_app' }
  // A pool has ended before its sockets have: what breaks while the server stops is nobody's concern.
  let closing = false
  const onPoolError = (error: Error) => {
    if (!closing) log.warn({ err: error }, 'an idle database connection broke and was replaced')
  }
  const connectTimeoutMs = CONNECTED_WITHIN_MS
  const orm = createOrm(server.runtime, { ...role, poolSize: config.databasePoolSize, onPoolError, connectTimeoutMs })
  const systemPool = createSystemPool(server.runtime, { onError: onPoolError, connectTimeoutMs })
  const healthPool = createSystemPool(server.runtime, { size: 1, onError: onPoolError, connectTimeoutMs })
  const endPools = async () => {
    closing = true
    await Promise.allSettled([orm.close(true), systemPool.end(), healthPool.end()])
  }
  try {
    const { production } = config
    for (const asked of [assertBound, assertDurable])
      for (const warning of (await asked(orm, { production })).warnings) log.warn({}, warning)
  } catch (error) {
    await endPools()
    throw error
  }
  const direct = (options: ConnectionOptions) =>
    connectionConfig(server.runtime, { applicationName: 'delightchat-direct', ...options })
  return {
    orm,
    systemPool,
    healthPool,
    direct: direct(role),
    directSystem: direct({ role: 'dc_system' }),
    async close() {
      await endPools()
      await server.close()
    },
  }
}

async function bringUp(server: Server): Promise<{ applied: number }> {
  if (!('url' in server.admin)) await createIfMissing(server.admin)
  const login = 'url' in server.runtime ? new URL(server.runtime.url) : null
  const password = login?.username === LOGIN ? decodeURIComponent(login.password) : ''
  return migrate(server.admin, password === '' ? {} : { loginPassword: password })
}

/** The embedded server's own database; on a given server it is the URL's to exist. */
async function createIfMissing(admin: Extract<DatabaseTarget, { host: string }>): Promise<void> {
  const { Client } = (await import('pg')).default
  const client = new Client(connectionConfig({ ...admin, dbName: 'postgres' }))
  client.on('error', () => {})
  await client.connect()
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE])
    if (rowCount === 0) await client.query(`create database ${DATABASE}`)
  } catch (error) {
    // Another process that starts at the same moment made it first.
    if (!['42P04', '23505'].includes((error as { code?: string }).code ?? '')) throw error
  } finally {
    await client.end()
  }
}
