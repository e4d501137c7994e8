import type { Client } from 'pg'

/** What processes run as. */
export const RUNTIME_ROLES = ['dc_login', 'dc_app', 'dc_system']

/** The one condition that binds a row to the organization of its transaction, as PostgreSQL writes it down. */
const bound = (column: string) => `(${column} = (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid)`

/** What the application's role may do to tables of nobody. */
const OF_NOBODY: Readonly<Record<string, readonly string[]>> = {
  // At start, to know that all migrations were made.
  schema_migration: ['SELECT'],
  // Which of the operator's apps wait, and until when: all of their channels do.
  app_pauses: ['SELECT'],
}

/** What may run as its owner: it looks at the organization itself, and `tenancy-sql.test.ts` tries it. */
const AS_OWNER = ['take_account_over(text,text)']

type Table = Readonly<{ table: string; column: string | null; secured: boolean; owner: string; privileges: string[] }>
type Policy = Readonly<{ table: string; name: string; command: string; using: string | null; check: string | null }>

/** Every table: the column that says whose a row is, by its name or by pointing at the organizations, and what dc_app may. */
const TABLES = `
select c.oid::regclass::text as table, c.relrowsecurity as secured, pg_get_userbyid(c.relowner) as owner,
  case when c.relname = 'organizations' then 'id' else (
    select a.attname from pg_attribute a where a.attrelid = c.oid and not a.attisdropped and (a.attname = 'org_id'
      or exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'f'
        and k.confrelid = 'organizations'::regclass and k.conkey = array[a.attnum]))
    order by a.attname = 'org_id' desc limit 1) end as column,
  (select coalesce(jsonb_agg(v), '[]') from unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) v
    where has_table_privilege('dc_app', c.oid, v)
      or (v in ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES') and has_any_column_privilege('dc_app', c.oid, v))) as privileges
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by 1`

/** The permissive ones that count for the application's role: one of them is enough to see or to make a row. */
const POLICIES = `
select polrelid::regclass::text as table, polname as name, polcmd::text as command,
  pg_get_expr(polqual, polrelid) as using, pg_get_expr(polwithcheck, polrelid) as check
from pg_policy where polpermissive and (polroles = '{0}' or polroles && array['dc_app', 'dc_login']::regrole[]::oid[])`

/** Ways around policies: what runs as its owner for whoever may call it. */
const AROUND = `
select c.oid::regclass::text || ' is a view that reads as its owner' as opening from pg_class c
where c.relnamespace = 'public'::regnamespace and (c.relkind = 'm'
  or c.relkind = 'v' and not coalesce(c.reloptions @> '{security_invoker=true}', false))
union all
select p.oid::regprocedure::text || ' is a function that runs as its owner' from pg_proc p
where p.pronamespace = 'public'::regnamespace and p.prosecdef and (p.proacl is null
  or not coalesce(p.proconfig, '{}') @> array['search_path=pg_catalog, public'] or p.oid::regprocedure::text <> all ($1))`

/** Whatever of the schema would let the application's role past its organization, one line each. */
export async function openingsOf(client: Client): Promise<readonly string[]> {
  const { rows: tables } = await client.query<Table>(TABLES)
  const { rows: policies } = await client.query<Policy>(POLICIES)
  const { rows: around } = await client.query<{ opening: string }>(AROUND, [AS_OWNER])
  const found = tables.flatMap((table) => openingsIn(table, policies))
  return [...found, ...around.map(({ opening }) => opening)]
}

function openingsIn({ table, column, secured, owner, privileges }: Table, all: readonly Policy[]): readonly string[] {
  const found: string[] = []
  if (RUNTIME_ROLES.includes(owner)) found.push(`${table} belongs to ${owner}`)
  if (column === null) {
    const more = privileges.filter((privilege) => !OF_NOBODY[table]?.includes(privilege))
    return more.length > 0 ? [...found, `${table} is of no organization, and dc_app may ${more.join(', ')}`] : found
  }
  if (!secured) found.push(`${table} has no row-level security`)
  const policies = all.filter((policy) => policy.table === table)
  if (privileges.length > 0 && policies.length === 0) found.push(`${table} has no policy`)
  const isBound = (condition: string) =>
    condition === bound(column) || (condition.startsWith(`(${bound(column)} AND `) && !/ OR /.test(condition))
  for (const { name, command, using, check } of policies) {
    // Without a check of its own a policy checks what is written by what it shows.
    const conditions = [
      ...(command === 'a' ? [] : [using]),
      ...(command === 'a' ? [check] : check === null ? [] : [check]),
    ]
    if (!conditions.every((condition) => condition !== null && isBound(condition)))
      found.push(`${table} is not bound by its policy ${name}`)
  }
  return found
}
