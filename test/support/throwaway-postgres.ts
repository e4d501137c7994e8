import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { globSync } from 'node:fs'
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Client } from 'pg'
import { freePort } from './processes.ts'
import { isProgram, programOnPath, type Throwaway, throwawayServer } from './throwaway.ts'

const OLDEST = 15
/** PostgreSQL refuses to run as root. */
const NOBODY = 65534

/** The newest that is installed; Debian keeps the programs out of PATH. */
function installation(): Readonly<{ folder: string; version: number }> | null {
  const onPath = programOnPath('initdb')
  const folders = [
    ...globSync(['/usr/lib/postgresql/*/bin', '/usr/pgsql-*/bin', '/opt/homebrew/opt/postgresql@*/bin']),
    ...(onPath === null ? [] : [dirname(onPath)]),
  ].filter((folder) => isProgram(join(folder, 'initdb')) && isProgram(join(folder, 'postgres')))
  const found = folders.map((folder) => {
    const { stdout } = spawnSync(join(folder, 'postgres'), ['--version'], { encoding: 'utf8' })
    return { folder, version: Number(/ (\d+)/.exec(stdout ?? '')?.[1] ?? 0) }
  })
  return found.toSorted((a, b) => b.version - a.version)[0] ?? null
}

/** A program of the installation, `pg_dump` say; null where it has none of that name. */
export function postgresProgram(name: string): string | null {
  const found = installation()
  const path = found && join(found.folder, name)
  return path !== null && isProgram(path) ? path : null
}

/** Why there can be none here, or null. */
export function whyNoPostgres(): string | null {
  const found = installation()
  if (found === null) return 'no PostgreSQL server is installed'
  return found.version < OLDEST ? `the installed PostgreSQL is ${found.version}, and ${OLDEST} is needed` : null
}

export type PostgresOptions = Readonly<{
  /** As in production, it waits for the disk; else it never does, since nothing in it outlives it. */
  durable?: boolean
  maxConnections?: number
}>

/** A PostgreSQL server on a private port. */
export async function throwawayPostgres({
  durable = false,
  maxConnections = 200,
}: PostgresOptions = {}): Promise<Throwaway> {
  const found = installation()
  if (found === null) throw new Error('no PostgreSQL server is installed')
  const who = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}
  const folder = await mkdtemp(join(tmpdir(), 'dc-postgres-'))
  const cleanUp = () => rm(folder, { recursive: true, force: true, maxRetries: 5 })
  const [port, password] = [await freePort(), randomBytes(16).toString('hex')]
  await chmod(folder, 0o711)
  if (who.uid !== undefined) await chown(folder, who.uid, who.gid)

  const data = join(folder, 'data')
  const passwordFile = join(folder, 'password')
  await writeFile(passwordFile, password, { mode: 0o600 })
  if (who.uid !== undefined) await chown(passwordFile, who.uid, who.gid)
  const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C.UTF-8' }
  const initdb = spawnSync(
    join(found.folder, 'initdb'),
    ['-D', data, '-U', 'postgres', '-E', 'UTF8', '--no-sync', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`],
    { ...who, cwd: folder, env, encoding: 'utf8' },
  )
  if (initdb.status !== 0) {
    await cleanUp()
    throw new Error(`initdb failed: ${initdb.error?.message ?? initdb.stderr}`)
  }
  // Other roles are the tests' own and have no rights outside their databases.
  const access = ['host all postgres 127.0.0.1/32 scram-sha-256', 'host all all 127.0.0.1/32 trust', '']
  await writeFile(join(data, 'pg_hba.conf'), access.join('\n'))

  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: maxConnections,
    ...(durable ? {} : { fsync: 'off', full_page_writes: 'off' }),
  }
  const args = ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`
  // SIGINT is its fast shutdown: it does not wait for clients.
  return throwawayServer({
    name: 'PostgreSQL',
    url,
    spawn: () =>
      spawn(join(found.folder, 'postgres'), args, { ...who, cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] }),
    ask: () => selectOne(url),
    stopBy: 'SIGINT',
    cleanUp,
  })
}

async function selectOne(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 1_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('select 1')
  } finally {
    await client.end().catch(() => {})
  }
}
