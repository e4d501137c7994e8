import test from 'ava'
import { Pool } from 'pg'
import { connectionConfig } from '../../src/adapters/persistence/connection.ts'
import { inOrganization, type Orm } from '../../src/adapters/persistence/transaction.ts'
import { codeOf } from '../../src/adapters/postgres-kit/errors.ts'
import type { OrgId } from '../../src/core/ids.ts'
import { foreignKeys, tablesOfOrganizations } from '../support/catalogue.ts'
import { onEachProfile, type Profile, type TestDatabase, testDatabase } from '../support/database.ts'
import { seedEveryTable } from '../support/every-table.ts'
import { ids } from '../support/seed.ts'
import { onServer } from '../support/template.ts'
import { openingsOf, RUNTIME_ROLES } from './tenancy/openings.ts'
import { rowsOf } from './tenancy/rows-of.ts'
import { attempt, type Owned, REFUSED, triesOf } from './tenancy/verbs.ts'

onEachProfile((profile: Profile) => {
  let db: TestDatabase
  let orm: Orm
  let pool: Pool
  let a: OrgId
  let b: OrgId
  let tables: readonly Owned[]

  test.before(async () => {
    db = await testDatabase(profile)
    orm = db.orm({ poolSize: 2 })
    // As processes log in, and past all of our code.
    pool = new Pool({ ...connectionConfig(db.target), max: 2 })
    a = await seedEveryTable(orm)
    b = await seedEveryTable(orm)
    const found = await onServer(db.admin, tablesOfOrganizations)
    tables = [{ table: 'organizations', column: 'id' }, ...found.map(({ table }) => ({ table, column: 'org_id' }))]
  })
  test.after.always(async () => {
    await pool?.end()
    await db?.close()
  })

  test.serial(`S15: ${profile}: nothing of the schema lets the application's role past its organization`, async (t) => {
    t.deepEqual(await onServer(db.admin, openingsOf), [])
  })

  const planted: readonly [what: string, sql: string, opening: RegExp][] = [
    ['a table without row-level security', 'create table planted (org_id uuid)', /no row-level security/],
    [
      'a table without a policy',
      'create table planted (org_id uuid); alter table planted enable row level security; grant select on planted to dc_app',
      /no policy/,
    ],
    [
      'a policy for everybody',
      `create table planted (org_id uuid); alter table planted enable row level security;
       create policy wide on planted using (true)`,
      /not bound by its policy wide/,
    ],
    [
      'a policy that lets everything be written',
      `create table planted (org_id uuid); alter table planted enable row level security;
       create policy half on planted to dc_app
         using (org_id = nullif(current_setting('app.org_id', true), '')::uuid) with check (true)`,
      /not bound by its policy half/,
    ],
    [
      'a policy with a way around',
      `create table planted (org_id uuid, shared boolean); alter table planted enable row level security;
       create policy shared on planted to dc_app
         using (org_id = nullif(current_setting('app.org_id', true), '')::uuid or shared)`,
      /not bound by its policy shared/,
    ],
    [
      'a second policy beside the right one',
      'create policy second on tickets to dc_app using (true)',
      /tickets is not bound by its policy second/,
    ],
    [
      'a table that names its organization otherwise',
      'create table planted (whose uuid references organizations (id)); grant select on planted to dc_app',
      /no row-level security/,
    ],
    [
      'a table without an organization',
      'create table planted (id uuid); grant update on planted to dc_app',
      /of no organization, and dc_app may UPDATE/,
    ],
    [
      'a column of such a table',
      'create table planted (id uuid); grant select (id) on planted to dc_app',
      /of no organization, and dc_app may SELECT/,
    ],
    [
      'a table of the application',
      `create table planted (org_id uuid); alter table planted enable row level security;
       create policy tenant on planted to dc_app using (org_id = nullif(current_setting('app.org_id', true), '')::uuid);
       alter table planted owner to dc_app`,
      /belongs to dc_app/,
    ],
    ['a view', 'create view planted as select * from tickets', /planted is a view/],
    ['what a view keeps', 'create materialized view planted as select * from tickets', /planted is a view/],
    [
      'a function of the owner',
      `create function planted() returns bigint language sql security definer as 'select count(*) from tickets'`,
      /planted\(\) is a function/,
    ],
  ]
  for (const [what, sql, opening] of planted) {
    test.serial(`S15: ${profile}: ${what} is found`, async (t) => {
      const found = await onServer(db.admin, async (client) => {
        await client.query(`begin; ${sql}`)
        return openingsOf(client)
      })
      t.true(
        found.some((one) => opening.test(one)),
        found.join('; '),
      )
    })
  }

  test.serial(`S15, S142: ${profile}: what processes run as owns nothing, and may do nothing of its own`, async (t) => {
    await onServer(db.admin, async (client) => {
      const { rows: roles } = await client.query(
        `select rolname::text as role, rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication as mighty,
           rolinherit and rolname = 'dc_login' as inherits,
           (select coalesce(jsonb_agg(m.roleid::regrole::text order by 1), '[]') from pg_auth_members m where m.member = r.oid) as of,
           has_schema_privilege(oid, 'public', 'create') or has_database_privilege(oid, current_database(), 'create') as makes
         from pg_roles r where rolname = any ($1) order by 1`,
        [RUNTIME_ROLES],
      )
      const nothing = { mighty: false, inherits: false, makes: false }
      t.deepEqual(roles, [
        { role: 'dc_app', ...nothing, of: [] },
        { role: 'dc_login', ...nothing, of: ['dc_app', 'dc_system'] },
        { role: 'dc_system', ...nothing, of: [] },
      ])
      const { rows: owned } = await client.query(
        `select pg_describe_object(classid, objid, 0) as what from pg_shdepend
         where deptype = 'o' and refobjid = any ($1::regrole[]::oid[])
           and dbid in (0, (select oid from pg_database where datname = current_database()))`,
        [RUNTIME_ROLES],
      )
      t.deepEqual(owned, [])
    })
  })

  test.serial(
    `${profile}: the seed has rows of both organizations in every table, or the rest proves nothing`,
    async (t) => {
      t.true(tables.length >= 40, String(tables.length))
      await onServer(db.admin, async (client) => {
        for (const { table, column } of tables) {
          const { rows } = await client.query(`select count(distinct ${column})::int as n from ${table}`)
          t.is(rows[0].n, 2, table)
        }
      })
    },
  )

  test.serial(`S16: ${profile}: a transaction sees its own organization only, in every table`, async (t) => {
    for (const orgId of [a, b, a]) {
      for (const { table, column } of tables) {
        const seen = await inOrganization(orm, orgId, (tx) => tx.rows(`select distinct ${column} as id from ${table}`))
        t.deepEqual(seen, [{ id: orgId }], table)
      }
    }
  })

  const contexts: readonly [what: string, context: () => string | null, own: () => string | null][] = [
    ['without an organization', () => null, () => null],
    ['with an empty one', () => '', () => null],
    ['of one that nobody has', () => ids.next(), () => null],
    ['of another organization', () => a, () => a],
  ]
  for (const [what, context, own] of contexts) {
    test.serial(
      `S15, S16: ${profile}: a transaction ${what} neither finds, changes, takes, makes nor removes a row, in any table`,
      async (t) => {
        t.timeout(60_000)
        const before = [await rowsOf(db.admin, a), await rowsOf(db.admin, b)]
        const wrong: string[] = []
        let tried = 0
        for (const owned of tables) {
          const row = await onServer(db.admin, async (client) => {
            const { rows } = await client.query(
              `select to_jsonb(t) as row from ${owned.table} t where ${owned.column} = $1 limit 1`,
              [b],
            )
            return rows[0].row
          })
          for (const one of triesOf(owned, b, own(), row)) {
            tried += 1
            const came = await attempt(pool, context(), one)
            const makes = ['insert', 'upsert', 'truncate', 'give'].includes(one.verb)
            if (came !== REFUSED && (makes || came !== 0)) wrong.push(`${one.verb} ${owned.table}: ${came}`)
          }
        }
        t.deepEqual(wrong, [])
        t.deepEqual([await rowsOf(db.admin, a), await rowsOf(db.admin, b)], before)
        t.log(`${tried} statements on ${tables.length} tables`)
      },
    )
  }

  test.serial(`S16: ${profile}: a setting that is no id is an error, and no way around`, async (t) => {
    for (const context of ['%', '*', `${a} or true`, `{${a},${b}}`, 'null']) {
      for (const { table, column } of tables) {
        const one = { verb: 'select', text: `select ${column} from ${table}`, params: [] }
        const came = await attempt(pool, context, one)
        t.true(came === '22P02' || came === REFUSED, `${table} with ${context}: ${came}`)
      }
    }
  })

  test.serial(
    `S15: ${profile}: the one function that reaches across does nothing without an organization`,
    async (t) => {
      const before = await rowsOf(db.admin, b)
      const text = `select take_account_over('INSTAGRAM', $1)`
      for (const context of [null, '']) t.is(await attempt(pool, context, { verb: 'call', text, params: [b] }), 'P0001')
      t.deepEqual(await rowsOf(db.admin, b), before)
    },
  )

  test.serial(
    `S17: ${profile}: no foreign key between tables of organizations leaves the organization out`,
    async (t) => {
      const keys = await onServer(db.admin, foreignKeys)
      const plain = keys.filter(({ columns, parentHasOrg }) => parentHasOrg && !columns.includes('org_id'))
      t.deepEqual(plain, [])
    },
  )

  test.serial(
    `S17: ${profile}: a child of one organization under a parent of another is refused, by every foreign key`,
    async (t) => {
      const keys = (await onServer(db.admin, foreignKeys)).filter(
        ({ columns, parentHasOrg }) => parentHasOrg && columns.length > 1,
      )
      t.true(keys.length >= 25)
      for (const { name, child, parent, columns, parentColumns } of keys) {
        const at = columns.findIndex((column) => column !== 'org_id')
        const [column, parentColumn] = [columns[at], parentColumns[at]]
        const [may = { update: false }] = await inOrganization(orm, a, (tx) =>
          tx.rows<{ update: boolean }>(`select has_column_privilege($1, $2, 'update') as update`, [child, column]),
        )
        /** A parent that no child has yet, so that no unique key stands in the way. */
        const spare = async (orgId: OrgId) => {
          const [row] = await inOrganization(orm, orgId, (tx) =>
            tx.rows<{ id: string }>(
              `select p.${parentColumn} as id from ${parent} p where not exists (select from ${child} c where c.${column} = p.${parentColumn}) limit 1`,
            ),
          )
          return row?.id
        }
        const move = async (to: string | undefined): Promise<string | null> => {
          t.truthy(to, `${name}: the seed needs a ${parent} without a ${child}`)
          try {
            await inOrganization(orm, a, async (tx) => {
              // What the role may only make is made a second time, under that parent.
              const moved = await tx.affected(
                may.update
                  ? `update ${child} set ${column} = $1 where ctid = (select min(ctid) from ${child})`
                  : `insert into ${child} select (jsonb_populate_record(c, jsonb_build_object('id', gen_random_uuid(), 'hash', md5(random()::text) || md5(random()::text), '${column}', $1::text))).*
                     from ${child} c limit 1`,
                [to],
              )
              t.is(moved, 1, name)
              throw new Undo()
            })
          } catch (error) {
            return error instanceof Undo ? null : codeOf(error)
          }
          return null
        }
        t.is(await move(await spare(a)), null, `${name}: accepted within the organization`)
        t.is(await move(await spare(b)), '23503', `${name}: refused across organizations`)
      }
      t.log(`${keys.length} keys`)
    },
  )
})

class Undo extends Error {}
