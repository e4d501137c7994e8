import { Client } from 'pg'
import { codeOf } from '../postgres-kit/errors.ts'
import { connectionConfig, type DatabaseTarget } from './connection.ts'
import { DatabaseSetupError, MigrationBlocked } from './database-errors.ts'
import { MIGRATION_TABLE, migrations } from './migrations/index.ts'
import { ensureRoles } from './roles.ts'
import { runMigrations } from './run-migrations.ts'

export type MigrateOptions = Readonly<{
  /** Given to dc_login where it is made here; one that exists keeps its own. */
  loginPassword?: string
  /** The name of the last migration to apply; all there are by default. */
  upTo?: string
  /** How long other transactions may keep a migration from its locks. */
  patienceMs?: number
}>

/** Any number that nobody else locks; the same in every release. */
const MIGRATION_LOCK = 7_283_114_901
const PATIENCE_MS = 120_000
/** `on delete set null` that names its column. */
const OLDEST_VERSION = 15

/**
 * Brings the database to the current state: roles, then migrations, one process at a time. Throws RolesMissing,
 * MigrationBlocked, or DatabaseSetupError `schema-newer` with nothing touched. The target's login owns what is made.
 */
export async function migrate(target: DatabaseTarget, options: MigrateOptions = {}): Promise<{ applied: number }> {
  const { patienceMs = PATIENCE_MS } = options
  const client = new Client(connectionConfig(target, { applicationName: 'delightchat-migrate' }))
  // A connection that breaks while it only holds the lock must not take the process down: the next statement tells.
  client.on('error', () => {})
  await client.connect()
  try {
    await refuseOld(client)
    await refuseNewer(client)
    await ensureRoles(client, options.loginPassword)
    await takeTurn(client, patienceMs)
    await refuseNewer(client)
    const applied = await runMigrations(target, { upTo: options.upTo, patienceMs })
    await grantAccess(client)
    return { applied }
  } finally {
    await client.end()
  }
}

async function takeTurn(client: Client, patienceMs: number): Promise<void> {
  await client.query(`set lock_timeout = ${patienceMs}`)
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
  } catch (error) {
    if (codeOf(error) !== '55P03') throw error
    throw new MigrationBlocked('Another process is migrating the database and does not come to an end.', error)
  }
}

async function refuseOld(client: Client): Promise<void> {
  const { rows } = await client.query<{ version: number; full: string }>(
    `select current_setting('server_version_num')::int / 10000 as version, current_setting('server_version') as full`,
  )
  const found = rows[0]
  if (found && found.version >= OLDEST_VERSION) return
  throw new DatabaseSetupError(
    'server-too-old',
    `The database server is PostgreSQL ${found?.full}; ${OLDEST_VERSION} or newer is needed.`,
  )
}

async function refuseNewer(client: Client): Promise<void> {
  const { rows: tables } = await client.query<{ known: boolean }>('select to_regclass($1) is not null as known', [
    `public.${MIGRATION_TABLE}`,
  ])
  if (!tables[0]?.known) return
  const { rows } = await client.query<{ name: string }>(`select name from public.${MIGRATION_TABLE} order by id`)
  const known = new Set(migrations.map(({ name }) => name))
  const unknown = rows.map(({ name }) => name).filter((name) => !known.has(name))
  if (unknown.length === 0) return
  throw new DatabaseSetupError(
    'schema-newer',
    `The database was brought to a state (${unknown.join(', ')}) that this version of the program does not know. ` +
      'Nothing was changed. Start the newer version, or restore a backup made before it.',
  )
}

/** Repeated with every run: a database restored from a dump may have lost what belongs to the schema and the table. */
async function grantAccess(client: Client): Promise<void> {
  const { rows } = await client.query<{ lacking: boolean }>(
    `select not (has_schema_privilege('dc_app', 'public', 'usage') and has_schema_privilege('dc_system', 'public', 'usage')) as lacking`,
  )
  if (rows[0]?.lacking) await client.query('grant usage on schema public to dc_app, dc_system')
  await client.query(`grant select on public.${MIGRATION_TABLE} to dc_app, dc_system`)
}
