import { codeOf } from '../postgres-kit/errors.ts'
import type { DatabaseRole } from './connection.ts'
import { DatabaseSetupError } from './database-errors.ts'
import { MIGRATION_TABLE, migrations } from './migrations/index.ts'
import type { Orm } from './transaction.ts'

type Answer = Readonly<{
  who: string
  login: string
  loginIsSuperuser: boolean
  bypass: boolean
  open: string[] | null
}>

/** Asked as the role itself: `row_security_active` is false for the owner of a table, a superuser and BYPASSRLS. */
const BOUND = `
select current_user::text as who, session_user::text as login,
  (select rolsuper from pg_roles where rolname = session_user) as "loginIsSuperuser",
  r.rolsuper or r.rolbypassrls as bypass,
  (select jsonb_agg(c.relname order by c.relname) from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
      and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'org_id' and not a.attisdropped)
      and (not c.relrowsecurity or not row_security_active(c.oid)
        or not exists (select from pg_policy p where p.polrelid = c.oid))) as open
from pg_roles r where r.rolname = current_user`

/**
 * Asks the server whether what this process runs as is bound to one organization on every table that has one: the login's
 * own role and the two it becomes. Throws DatabaseSetupError; the warnings are for the log.
 */
export async function assertBound(orm: Orm, { production }: { production: boolean }): Promise<{ warnings: string[] }> {
  await assertMigrated(orm)
  const own = await ask(orm, null)
  const message = `The database login "${own.login}" is a superuser: one faulty statement away from every organization's data. Log in as dc_login.`
  if (own.loginIsSuperuser && production) throw new DatabaseSetupError('superuser-login', message)
  for (const { who, bypass, open } of [own, await ask(orm, 'dc_app'), await ask(orm, 'dc_system')]) {
    if (!bypass && open === null) continue
    const why = bypass ? 'it passes over row-level security' : `not on ${open?.join(', ')}`
    throw new DatabaseSetupError(
      'role-unbound',
      `The database role "${who}" is not bound to one organization: ${why}. Log in as dc_login, or let db:push set the database up.`,
    )
  }
  return { warnings: own.loginIsSuperuser ? [message] : [] }
}

async function ask(orm: Orm, role: DatabaseRole | null): Promise<Answer> {
  const em = role === null ? orm.em.fork() : orm.em.fork({ session: { variables: { role } } })
  try {
    const [answer] = await em.execute<Answer[]>(BOUND)
    if (answer) return answer
  } catch (error) {
    // 42501: may not become it; 22023: there is no such role.
    if (!['42501', '22023'].includes(codeOf(error) ?? '')) throw error
    const message = `The database login may not become "${role}". Run db:push, which sets the database up.`
    throw new DatabaseSetupError('role-unbound', message, error)
  }
  throw new DatabaseSetupError('role-unbound', 'The database does not know the role this process runs as.')
}

/** A newer database is fine here: migrations first widen, and narrow only once nobody runs the old program. */
async function assertMigrated(orm: Orm): Promise<void> {
  let done: { name: string }[] = []
  try {
    done = await orm.em.fork().execute<{ name: string }[]>(`select name from public.${MIGRATION_TABLE}`)
  } catch (error) {
    if (!['42P01', '42501'].includes(codeOf(error) ?? '')) throw error
  }
  const missing = migrations.map(({ name }) => name).filter((name) => !done.some((row) => row.name === name))
  if (missing.length === 0) return
  throw new DatabaseSetupError('schema-missing', `The database lacks ${missing.join(', ')}. Run db:push first.`)
}
