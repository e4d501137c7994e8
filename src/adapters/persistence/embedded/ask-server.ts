import { Client } from 'pg'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { errnoOf } from './errno.ts'

export type ServerAnswer = Readonly<{ dataDirectory: string; major: number }>

const ANSWER_WITHIN_MS = 10_000

/** 57P03: starting, stopping or recovering. The others: nobody listens on the socket (yet, or any more). */
const NOT_NOW = new Set(['57P03', '57P01', 'ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'])

/** Asks a server over its socket who it is; null while it does not take connections. */
export async function askServer(socketDir: string, port: number): Promise<ServerAnswer | null> {
  const client = new Client({
    host: socketDir,
    port,
    user: 'bootstrap',
    database: 'postgres',
    ssl: false,
    connectionTimeoutMillis: ANSWER_WITHIN_MS,
    query_timeout: ANSWER_WITHIN_MS,
  })
  // Without a listener a connection that breaks would end the process.
  client.on('error', () => {})
  try {
    await client.connect()
    const result = await client.query<{ folder: string; version: number }>(
      "select current_setting('data_directory') as folder, current_setting('server_version_num')::int as version",
    )
    const row = result.rows[0]
    if (row === undefined) return null
    return { dataDirectory: row.folder, major: Math.floor(row.version / 10_000) }
  } catch (error) {
    if (isNotNow(error)) return null
    if (errnoOf(error)?.startsWith('28') === true) {
      throw new EmbeddedPostgresError(
        'not-ours',
        `The PostgreSQL data behind ${socketDir} were not made by this program: it does not let us in.`,
        { cause: error },
      )
    }
    throw error
  } finally {
    await client.end().catch(() => {})
  }
}

function isNotNow(error: unknown): boolean {
  const code = errnoOf(error)
  if (code !== null) return NOT_NOW.has(code)
  return error instanceof Error && /terminated unexpectedly|timeout/i.test(error.message)
}
