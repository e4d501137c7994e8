import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import type { Client } from 'pg'
import { assertBound } from '../../../src/adapters/persistence/bound-check.ts'
import { type DatabaseTarget, withDatabase } from '../../../src/adapters/persistence/connection.ts'
import { migrate } from '../../../src/adapters/persistence/database.ts'
import { startEmbeddedPostgres } from '../../../src/adapters/persistence/embedded/index.ts'
import { createOrm } from '../../../src/adapters/persistence/orm.ts'
import { inOrganization, type Orm } from '../../../src/adapters/persistence/transaction.ts'
import type { OrgId } from '../../../src/core/ids.ts'
import { seedEveryTable } from '../../support/every-table.ts'
import { dataFolder, ROOT } from '../../support/program.ts'
import { seedChannel } from '../../support/seed.ts'
import { seedThread } from '../../support/seed-inbox.ts'
import { onServer, TEST_LOGIN_PASSWORD } from '../../support/template.ts'
import { testUnless } from '../../support/test-unless.ts'
import { postgresProgram, throwawayPostgres, whyNoPostgres } from '../../support/throwaway-postgres.ts'

const TABLES = `select format('%I', relname) as name from pg_class
  where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1`
const SEQUENCES = `select sequencename || ' ' || coalesce(last_value::text, '-') as state from pg_sequences
  where schemaname = 'public' order by 1`
/** Policies, grants and constraints, as text. */
const RULES = `select string_agg(rule, E'\\n' order by rule) as rules from (
  select format('policy %s %s %s %s %s', polrelid::regclass, polname, polcmd, pg_get_expr(polqual, polrelid),
    pg_get_expr(polwithcheck, polrelid)) as rule from pg_policy
  union all select format('table %s %s %s', relname, relrowsecurity, relacl) from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'S')
  union all select format('column %s %s %s', attrelid::regclass, attname, attacl) from pg_attribute
    where attacl is not null and attrelid::regclass::text !~ '^pg_|^information_schema'
  union all select format('constraint %s %s', conrelid::regclass, pg_get_constraintdef(oid)) from pg_constraint
    where connamespace = 'public'::regnamespace) as all_rules`

/** Every row of every table, where the sequences are, and who may do what. */
const stateOf = (target: DatabaseTarget) =>
  onServer(target, async (client: Client) => {
    const state: Record<string, unknown> = {}
    for (const { name } of (await client.query<{ name: string }>(TABLES)).rows) {
      const text = `select count(*)::int as rows, md5(coalesce(string_agg(t::text, E'\\n' order by t::text), '')) as sum from ${name} t`
      state[name] = (await client.query<{ rows: number; sum: string }>(text)).rows[0]
    }
    state['sequences'] = (await client.query<{ state: string }>(SEQUENCES)).rows.map(({ state }) => state)
    state['rules'] = (await client.query<{ rules: string }>(RULES)).rows[0]?.rules
    return state
  })

/** The program would start on it; each organization sees its own, and work goes on. */
async function serves(orm: Orm, [one, other]: readonly OrgId[]): Promise<Readonly<Record<string, unknown>>> {
  const { warnings } = await assertBound(orm, { production: true })
  const seen = await inOrganization(orm, one as OrgId, (tx) =>
    tx.rows<{ org: string }>('select distinct org_id as org from messages'),
  )
  await seedThread(orm, other as OrgId, await seedChannel(orm, other as OrgId))
  return { warnings, seen: seen.map(({ org }) => org) }
}

const GUIDE = join(ROOT, 'docs/operations.md')
const [dump, restore] = [postgresProgram('pg_dump'), postgresProgram('pg_restore')]
const why = whyNoPostgres() ?? (dump === null || restore === null ? 'the installed PostgreSQL has no pg_dump' : null)

testUnless(
  why,
  'X7: services: a dump restored on a server that never saw us is the same state, with its walls',
  async (t) => {
    t.timeout(240_000)
    const [from, to] = await Promise.all([throwawayPostgres(), throwawayPostgres()])
    t.teardown(() => Promise.all([from.dispose(), to.dispose()]))
    const at = (server: { url: string }, name: string) => withDatabase({ url: server.url }, name) as { url: string }
    const asLogin = (target: { url: string }) => {
      const url = new URL(target.url)
      Object.assign(url, { username: 'dc_login', password: TEST_LOGIN_PASSWORD })
      return { url: url.href }
    }
    const create = (server: { url: string }, name: string) =>
      onServer({ url: server.url }, (client) => client.query(`create database ${name}`))
    const run = (program: string | null, ...args: string[]) => {
      const { status, stderr } = spawnSync(program ?? '', args, {
        encoding: 'utf8',
        env: { PATH: process.env['PATH'] },
      })
      t.is(status, 0, stderr)
    }

    await create(from, 'inbox')
    await migrate(at(from, 'inbox'), { loginPassword: TEST_LOGIN_PASSWORD })
    const before = createOrm(asLogin(at(from, 'inbox')))
    const orgs = [await seedEveryTable(before), await seedEveryTable(before)]
    await before.close(true)
    const file = join(await dataFolder(t, 'backup'), 'inbox.dump')
    run(dump, '--format=custom', `--file=${file}`, at(from, 'inbox').url)

    // The roles first: they are the server's, and no dump of a database has them.
    await create(to, 'roles')
    await migrate(at(to, 'roles'), { loginPassword: TEST_LOGIN_PASSWORD })
    await create(to, 'inbox')
    run(restore, '--exit-on-error', '--no-owner', `--dbname=${at(to, 'inbox').url}`, file)
    t.deepEqual(await migrate(at(to, 'inbox')), { applied: 0 })

    const [was, is] = [await stateOf(at(from, 'inbox')), await stateOf(at(to, 'inbox'))]
    t.true(Object.keys(was).length > 30)
    t.deepEqual(is, was)
    const after = createOrm(asLogin(at(to, 'inbox')))
    t.deepEqual(await serves(after, orgs), { warnings: [], seen: [orgs[0]] })
    await after.close(true)
  },
)

test('X7: embedded: its folder, copied while nothing runs on it, is the same state elsewhere', async (t) => {
  t.timeout(240_000)
  const folder = await dataFolder(t, 'cold-copy')
  const quiet = { info: () => {}, warn: () => {} }
  /** The server runs as long as the work. */
  const on = async <T>(name: string, work: (admin: DatabaseTarget, orm: Orm) => Promise<T>): Promise<T> => {
    const server = await startEmbeddedPostgres({ dataDir: join(folder, name, 'pg'), log: quiet })
    const place = { host: server.socketDir, port: server.port, dbName: 'postgres' }
    const admin = { ...place, user: server.adminUser }
    await migrate(admin)
    const orm = createOrm({ ...place, user: 'dc_login' })
    try {
      return await work(admin, orm)
    } finally {
      await orm.close(true)
      await server.close()
    }
  }
  const { orgs, was } = await on('data', async (admin, orm) => {
    const seeded = [await seedEveryTable(orm), await seedEveryTable(orm)]
    return { orgs: seeded, was: await stateOf(admin) }
  })
  // The owner of the files is the server's user.
  t.is(spawnSync('cp', ['-a', join(folder, 'data'), join(folder, 'copy')]).status, 0)
  await on('copy', async (admin, orm) => {
    t.deepEqual(await stateOf(admin), was)
    t.deepEqual(await serves(orm, orgs), { warnings: [], seen: [orgs[0]] })
  })
})

test('X7: the guide for operators uses these very steps', async (t) => {
  const guide = await readFile(GUIDE, 'utf8')
  for (const words of [
    'pg_dump --format=custom',
    'pg_restore --exit-on-error --no-owner',
    'ENCRYPTION_KEYS',
    'secrets.json',
  ])
    t.true(guide.includes(words), words)
})
