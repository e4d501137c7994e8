import { Client, type PoolConfig } from 'pg'

/** Where a database is: an URL, or the folder of a server's socket. */
export type DatabaseTarget =
  | Readonly<{ url: string }>
  | Readonly<{ host: string; port: number; user: string; dbName: string; password?: string }>

/** What runtime connections may become. Neither owns a table, so row-level security binds both. */
export type DatabaseRole = 'dc_app' | 'dc_system'

export type ConnectionOptions = Readonly<{
  /** Put on as a start option, which `reset all` and `discard all` keep. Not through PgBouncer: there log in as dc_login. */
  role?: DatabaseRole
  applicationName?: string
  /** How long to wait for a free or a new connection. */
  connectTimeoutMs?: number
}>

const withOptions = (url: string, extra: string): string => {
  const parsed = new URL(url)
  const given = parsed.searchParams.get('options')
  parsed.searchParams.set('options', given === null ? extra : `${given} ${extra}`)
  return parsed.toString()
}

/** What `pg` needs to reach the target; a parameter of the URL (sslmode, say) reaches it too. */
export function connectionConfig(target: DatabaseTarget, options: ConnectionOptions = {}): PoolConfig {
  const startOptions = options.role === undefined ? null : `-c role=${options.role}`
  const common: PoolConfig = {
    application_name: options.applicationName ?? 'delightchat',
    connectionTimeoutMillis: options.connectTimeoutMs ?? 5_000,
    keepAlive: true,
  }
  if ('url' in target) {
    return { ...common, connectionString: startOptions === null ? target.url : withOptions(target.url, startOptions) }
  }
  const { host, port, user, dbName, password } = target
  return {
    ...common,
    host,
    port,
    user,
    database: dbName,
    ...(password === undefined ? {} : { password }),
    ...(startOptions === null ? {} : { options: startOptions }),
  }
}

export const databaseNameOf = (target: DatabaseTarget): string => new Client(connectionConfig(target)).database ?? ''

/** The same server and login, another database. */
export function withDatabase(target: DatabaseTarget, dbName: string): DatabaseTarget {
  if (!('url' in target)) return { ...target, dbName }
  const parsed = new URL(target.url)
  parsed.pathname = `/${encodeURIComponent(dbName)}`
  return { url: parsed.toString() }
}
