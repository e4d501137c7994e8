import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, escapeIdentifier, escapeLiteral } from 'pg'
import { codeOf } from '../postgres-kit/errors.ts'
import type { DatabaseRole } from './connection.ts'
import { RolesMissing } from './database-errors.ts'
import { scramVerifier } from './scram-verifier.ts'

/** What processes log in as. Holds nothing itself; becomes one of the two with every transaction. */
export const LOGIN_ROLE = 'dc_login'
const ROLES: readonly DatabaseRole[] = ['dc_app', 'dc_system']

type Known = {
  login: string
  version: number
  roles: { name: string; tooMuch: boolean }[]
  /** Roles that dc_login is a member of, and those the login may become. */
  ofLogin: string[]
  mine: string[]
  loginIsApp: boolean
}

const KNOWN = `
select current_user::text as login, current_setting('server_version_num')::int as version,
  coalesce((select jsonb_agg(jsonb_build_object('name', rolname,
      'tooMuch', rolsuper or rolbypassrls or rolcreaterole or rolcreatedb))
    from pg_roles where rolname in ('dc_app', 'dc_system', 'dc_login')), '[]') as roles,
  coalesce((select jsonb_agg(r.rolname) from pg_auth_members m join pg_roles r on r.oid = m.roleid
    join pg_roles l on l.oid = m.member where l.rolname = 'dc_login'), '[]') as "ofLogin",
  coalesce((select jsonb_agg(r.rolname) from pg_roles r where r.rolname in ('dc_app', 'dc_system')
    and pg_has_role(current_user, r.oid, case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end)),
    '[]') as mine,
  exists (select from pg_db_role_setting s join pg_roles l on l.oid = s.setrole
    where l.rolname = 'dc_login' and s.setdatabase = 0 and 'role=dc_app' = any (s.setconfig)) as "loginIsApp"`

/** What is missing, as SQL. A grant that inherits would give its holder the policies of the role: it only may become it. */
function statementsFor(known: Known, loginPassword: string | undefined): string[] {
  const named = new Map(known.roles.map((role) => [role.name, role]))
  const setOnly = known.version >= 160000 ? ' with inherit false, set true' : ''
  const out: string[] = []
  for (const role of ROLES) if (!named.has(role)) out.push(`create role ${role} nologin noinherit nobypassrls`)
  if (!named.has(LOGIN_ROLE)) {
    const password = loginPassword ? ` password ${escapeLiteral(scramVerifier(loginPassword))}` : ''
    out.push(`create role ${LOGIN_ROLE} login noinherit nobypassrls${password}`)
  }
  for (const { name, tooMuch } of known.roles) {
    if (tooMuch) out.push(`alter role ${name} nosuperuser nobypassrls nocreaterole nocreatedb`)
  }
  for (const role of ROLES) {
    if (!known.ofLogin.includes(role)) out.push(`grant ${role} to ${LOGIN_ROLE}${setOnly}`)
    if (!known.mine.includes(role)) out.push(`grant ${role} to ${escapeIdentifier(known.login)}${setOnly}`)
  }
  if (!known.loginIsApp) out.push(`alter role ${LOGIN_ROLE} set role = 'dc_app'`)
  return out
}

/** Roles belong to the whole server: somebody else may be making the same ones for another database of it. */
const RACE = ['42710', '23505', 'XX000', '40001']
const REFUSED = '42501'

/** Makes what is missing; RolesMissing where this login may not. */
export async function ensureRoles(client: Client, loginPassword?: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const { rows } = await client.query<Known>(KNOWN)
    const known = rows[0]
    if (!known) throw new Error('the server did not tell its roles')
    const statements = statementsFor(known, loginPassword)
    if (statements.length === 0) return
    try {
      await client.query(['begin', ...statements, 'commit'].join(';\n'))
      return
    } catch (error) {
      await client.query('rollback')
      const code = codeOf(error)
      // Without the password's verifier: these are shown.
      if (code === REFUSED) throw new RolesMissing(known.login, statementsFor(known, undefined), error)
      if (code === null || !RACE.includes(code) || attempt === 10) throw error
      await sleep(Math.random() * 50 * attempt)
    }
  }
}
