import test from 'ava'
import { asSystem, inOrganization, type Orm } from '../../../src/adapters/persistence/transaction.ts'
import { codeOf } from '../../../src/adapters/postgres-kit/errors.ts'
import type { OrgId } from '../../../src/core/ids.ts'
import { foreignKeys, tablesOfOrganizations } from '../../support/catalogue.ts'
import { onEachProfile, type Profile, type TestDatabase, testDatabase } from '../../support/database.ts'
import { seedEveryTable } from '../../support/every-table.ts'
import { onServer } from '../../support/template.ts'

onEachProfile((profile: Profile) => {
  let db: TestDatabase
  let orm: Orm
  let a: OrgId
  let b: OrgId
  let tables: string[]

  test.before(async () => {
    db = await testDatabase(profile)
    // A pool of two: whatever a transaction leaves behind, the next one gets it.
    orm = db.orm({ poolSize: 2 })
    a = await seedEveryTable(orm)
    b = await seedEveryTable(orm)
    tables = (await onServer(db.admin, tablesOfOrganizations)).map(({ table }) => table)
  })
  test.after.always(() => db.close())

  const visibleWithoutContext = async (): Promise<Record<string, number>> => {
    const counts = await Promise.all(
      tables.map(async (table) => {
        const [row] = await orm.em
          .fork()
          .execute<[{ who: string; n: number }]>(`select current_user::text as who, count(*)::int as n from ${table}`)
        if (row.who !== 'dc_app') throw new Error(`asked as ${row.who}`)
        return [table, row.n] as const
      }),
    )
    return Object.fromEntries(counts.filter(([, n]) => n > 0))
  }

  test.serial(
    `${profile}: every table with an organization has row-level security and a policy bound to it`,
    async (t) => {
      const found = await onServer(db.admin, tablesOfOrganizations)
      t.true(found.length >= 23)
      t.deepEqual(
        found.filter(({ secured, appPolicy }) => !secured || !appPolicy),
        [],
      )
    },
  )

  test.serial(
    `${profile}: the seed has rows of both organizations in every table, or the rest proves nothing`,
    async (t) => {
      await onServer(db.admin, async (client) => {
        for (const table of tables) {
          const { rows } = await client.query(`select count(distinct org_id)::int as n from ${table}`)
          t.is(rows[0].n, 2, table)
        }
      })
    },
  )

  test.serial(`${profile}: without a context there are no rows`, async (t) => {
    t.deepEqual(await visibleWithoutContext(), {})
  })

  test.serial(
    `${profile}: no rows either after transactions that had a context, on the same two connections`,
    async (t) => {
      for (let round = 0; round < 4; round++) {
        await Promise.all([a, b].map((orgId) => inOrganization(orm, orgId, (tx) => tx.rows('select pg_sleep(0.01)'))))
        t.deepEqual(await visibleWithoutContext(), {})
      }
    },
  )

  test.serial(`B17: ${profile}: no rows either after transactions that failed`, async (t) => {
    await t.throwsAsync(inOrganization(orm, a, (tx) => tx.rows('select 1 / 0')))
    await t.throwsAsync(
      inOrganization(orm, a, () => Promise.reject(new Error('no'))),
      { message: 'no' },
    )
    await t.throwsAsync(asSystem(orm, (tx) => tx.rows('select 1 / 0')))
    t.deepEqual(await visibleWithoutContext(), {})
  })

  test.serial(`${profile}: a transaction sees its own organization only, in every table`, async (t) => {
    for (const orgId of [a, b, a]) {
      await inOrganization(orm, orgId, async (tx) => {
        for (const table of tables) {
          const rows = await tx.rows<{ org_id: string }>(`select distinct org_id from ${table}`)
          t.deepEqual(rows, [{ org_id: orgId }], table)
        }
        t.deepEqual(await tx.rows('select id from organizations'), [{ id: orgId }])
      })
    }
  })

  test.serial(`B17: ${profile}: four hundred at once on two connections do not see each other's context`, async (t) => {
    const seen = await Promise.allSettled(
      Array.from({ length: 400 }, (_, i) => {
        const orgId = i % 2 ? a : b
        return inOrganization(orm, orgId, async (tx) => {
          // Some end badly before or after they looked, as units of work do.
          if (i % 7 === 0) await tx.rows('select 1 / 0')
          const rows = await tx.rows<{ org_id: string }>('select distinct org_id from tickets')
          if (i % 11 === 0) throw new Error('planted')
          return rows.length === 1 && rows[0]?.org_id === orgId
        })
      }),
    )
    const done = seen.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    t.true(done.every(Boolean))
    t.is(done.length, seen.filter((_, i) => i % 7 !== 0 && i % 11 !== 0).length)
    t.deepEqual(await visibleWithoutContext(), {})
  })

  test.serial(`${profile}: rows of another organization are neither changed nor made`, async (t) => {
    for (const table of tables) {
      const touched = inOrganization(orm, a, (tx) => tx.affected(`delete from ${table} where org_id = $1`, [b]))
      // Nobody deletes a job for an organization, or what the audit log says.
      if (table === 'jobs' || table === 'audit_log') t.is(codeOf(await t.throwsAsync(touched)), '42501')
      else t.is(await touched, 0, table)
    }
    const error = await t.throwsAsync(
      inOrganization(orm, a, (tx) =>
        tx.affected(
          `insert into audit_log (id, org_id, actor_type, action, resource_type) values (gen_random_uuid(), $1, 'SYSTEM', 'x', 'y')`,
          [b],
        ),
      ),
    )
    t.is(codeOf(error), '42501')
  })

  test.serial(`${profile}: no foreign key between tables of organizations leaves the organization out`, async (t) => {
    const keys = await onServer(db.admin, foreignKeys)
    const plain = keys.filter(({ columns, parentHasOrg }) => parentHasOrg && !columns.includes('org_id'))
    t.deepEqual(plain, [])
  })

  test.serial(
    `${profile}: a child of one organization under a parent of another is refused, by every foreign key`,
    async (t) => {
      const keys = (await onServer(db.admin, foreignKeys)).filter(
        ({ columns, parentHasOrg }) => parentHasOrg && columns.length > 1,
      )
      t.true(keys.length >= 25)
      for (const { name, child, parent, columns, parentColumns } of keys) {
        const at = columns.findIndex((column) => column !== 'org_id')
        const [column, parentColumn] = [columns[at], parentColumns[at]]
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
              const moved = await tx.affected(
                `update ${child} set ${column} = $1 where ctid = (select min(ctid) from ${child})`,
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
    },
  )
})

class Undo extends Error {}
