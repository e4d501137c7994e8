import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPinoLogger } from '../src/adapters/logging/pino-logger.ts'
import { type DatabaseTarget, withDatabase } from '../src/adapters/persistence/connection.ts'
import { startEmbeddedPostgres } from '../src/adapters/persistence/embedded/index.ts'
import { pushDatabase } from '../src/adapters/persistence/index.ts'
import { type Config, loadConfig, type Role, type Secrets } from '../src/config.ts'
import { type Broker, openBroker } from './broker.ts'
import { type BenchDatabase, createDatabase, openBenchDatabase } from './database.ts'
import { Shutdown } from './shutdown.ts'

export type Environment = Readonly<Record<string, string>>

/** Servers to measure on, with nothing of anybody else's in reach. */
export type Site = Readonly<{
  /** Whole environment of our processes. */
  environment: Environment
  database: BenchDatabase
  /** Null: deliveries wait in the database. */
  broker: Broker | null
  /** For a person. */
  uses: string
  /** As if nothing had ever been delivered. */
  clear(): Promise<void>
  close(): Promise<void>
}>

export const quietLog = createPinoLogger('error')

export async function openSite(given: Readonly<Record<string, string | undefined>>): Promise<Site> {
  const shutdown = new Shutdown()
  try {
    const name = `bench_${randomBytes(4).toString('hex')}`
    const dataDir = await shutdown.owns(makeFolder(), (path) =>
      rm(path, { recursive: true, force: true, maxRetries: 5 }),
    )
    const place = await openDatabases(given, dataDir, `delightchat_${name}`, shutdown)
    const environment: Environment = {
      DATA_DIR: dataDir,
      HOST: '127.0.0.1',
      LOG_LEVEL: 'warn',
      SERVICES_PREFIX: `delightchat-${name.replace('_', '-')}`,
      ...place.variables,
      ...pick(given, 'RABBITMQ_URL', 'REDIS_URL'),
    }
    const { config, secrets } = configOf(environment, 'migrate')
    await pushDatabase({ config, secrets, log: quietLog })
    const database = await shutdown.owns(openBenchDatabase(place), (opened) => opened.close())
    const broker = secrets.rabbitmqUrl
      ? await shutdown.owns(openBroker(secrets.rabbitmqUrl, config.servicesPrefix), (opened) => opened.close())
      : null
    const uses = await describe(config, database)
    const clear = async () => {
      await broker?.purge()
      await database.clear()
    }
    return { environment, database, broker, uses, clear, close: () => shutdown.close() }
  } catch (error) {
    await shutdown.close()
    throw error
  }
}

export function configOf(environment: Environment, role: Role): { config: Config; secrets: Secrets } {
  const loaded = loadConfig(environment, { role })
  if (!loaded.ok) throw new Error(loaded.problems.map(({ problem }) => problem).join(' '))
  return loaded
}

type Place = Readonly<{ runtime: DatabaseTarget; admin: DatabaseTarget; variables: Environment }>

async function openDatabases(
  given: Readonly<Record<string, string | undefined>>,
  dataDir: string,
  name: string,
  shutdown: Shutdown,
): Promise<Place> {
  const url = given['DATABASE_URL']
  if (!url) {
    const log = { info: () => {}, warn: () => {} }
    // Ours all the time, so that no process of a round is the one that starts or stops it.
    const server = await shutdown.owns(startEmbeddedPostgres({ dataDir: join(dataDir, 'pg'), log }), (opened) =>
      opened.close(),
    )
    const at = { host: server.socketDir, port: server.port, dbName: 'delightchat' }
    return { runtime: { ...at, user: 'dc_login' }, admin: { ...at, user: server.adminUser }, variables: {} }
  }
  const adminUrl = given['DATABASE_ADMIN_URL'] || url
  await shutdown.owns(createDatabase({ url: adminUrl }, name), (created) => created.drop())
  const inOurs = (address: string) => withDatabase({ url: address }, name) as { url: string }
  const [runtime, admin] = [inOurs(url), inOurs(adminUrl)]
  return { runtime, admin, variables: { DATABASE_URL: runtime.url, DATABASE_ADMIN_URL: admin.url } }
}

/** As root the embedded server runs as another user, who has to get in. */
export async function makeFolder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'delightchat-bench-'))
  await chmod(path, 0o711)
  return path
}

async function describe({ services }: Config, database: BenchDatabase): Promise<string> {
  const server = `PostgreSQL ${await database.version()}${services.database === 'embedded' ? ', embedded' : ''}`
  return `${server}; queue: ${services.queue}; sessions: ${services.sessions}`
}

const pick = (from: Readonly<Record<string, string | undefined>>, ...names: readonly string[]): Environment =>
  Object.fromEntries(names.flatMap((name) => (from[name] ? [[name, from[name]]] : [])))
