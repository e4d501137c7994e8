import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { M0001Initial } from '../../../src/adapters/persistence/migrations/0001-initial.ts'

/** A database of its own with the schema and the roles; roles belong to the whole server and stay. */
export type ScratchDatabase = Readonly<{
  url: string
  /** Settings of a connection that runs as the role. */
  as(role: 'dc_app' | 'dc_system'): pg.ClientConfig
  pool(role: 'dc_app' | 'dc_system', max?: number): pg.Pool
  /** As the owner, past row-level security. */
  sql<Row extends pg.QueryResultRow = pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>
  /** Ends the sessions that match, as a crash of their backends would. */
  kill(where: string): Promise<number>
  drop(): Promise<void>
}>

const ROLES = `
do $$ begin
  perform pg_advisory_xact_lock(7235001);
  if not exists (select 1 from pg_roles where rolname = 'dc_app') then create role dc_app nologin noinherit nobypassrls; end if;
  if not exists (select 1 from pg_roles where rolname = 'dc_system') then create role dc_system nologin noinherit nobypassrls; end if;
  if not exists (select 1 from pg_roles where rolname = 'dc_login') then
    create role dc_login login noinherit;
    grant dc_app, dc_system to dc_login;
    alter role dc_login set role = 'dc_app';
  end if;
end $$`

class Collector extends M0001Initial {
  readonly statements: string[] = []
  override addSql(statement: string): void {
    this.statements.push(statement)
  }
}

/** A killed session is told of by the statement that it broke, and not by an event that ends the process. */
function quiet(pool: pg.Pool): pg.Pool {
  pool.on('error', () => {})
  return pool.on('connect', (client) => client.on('error', () => {}))
}

export async function scratchDatabase(): Promise<ScratchDatabase> {
  const adminUrl = process.env['TEST_DATABASE_URL']
  if (!adminUrl) throw new Error('TEST_DATABASE_URL is not set')
  const name = `dc_messaging_${randomBytes(6).toString('hex')}`
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  await admin.query(ROLES)
  await admin.query(`create database ${name}`)
  const url = Object.assign(new URL(adminUrl), { pathname: `/${name}` }).href
  const owner = new pg.Pool({ connectionString: url, max: 2 })
  quiet(owner)
  const collector = new Collector(undefined as never, undefined as never)
  collector.up()
  await owner.query('grant usage on schema public to dc_app, dc_system')
  for (const statement of collector.statements) await owner.query(statement)

  const pools: pg.Pool[] = []
  const as = (role: string): pg.ClientConfig => ({ connectionString: url, options: `-c role=${role}` })
  return {
    url,
    as,
    pool(role, max = 6) {
      const pool = new pg.Pool({ ...as(role), max })
      pools.push(quiet(pool))
      return pool
    },
    sql: async (text, values = []) => (await owner.query(text, values)).rows as never,
    async kill(where) {
      const { rows } = await admin.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid() and (${where})`,
        [name],
      )
      return rows.length
    },
    async drop() {
      for (const pool of pools) await pool.end().catch(() => {})
      await owner.end()
      await admin.query(`drop database ${name} with (force)`)
      await admin.end()
    },
  }
}
