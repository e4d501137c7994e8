import test, { type ExecutionContext } from 'ava'
import { assertBound } from '../../../src/adapters/persistence/bound-check.ts'
import type { DatabaseTarget } from '../../../src/adapters/persistence/connection.ts'
import { migrate } from '../../../src/adapters/persistence/database.ts'
import { DatabaseSetupError, RolesMissing } from '../../../src/adapters/persistence/database-errors.ts'
import { createOrm } from '../../../src/adapters/persistence/orm.ts'
import { inOrganization } from '../../../src/adapters/persistence/transaction.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../../support/database.ts'
import { emptyDatabase } from '../../support/empty-database.ts'
import { seedOrganization } from '../../support/seed.ts'
import { onServer } from '../../support/template.ts'

async function checked(target: DatabaseTarget, role: 'dc_app' | null, production: boolean) {
  const orm = createOrm(target, role === null ? {} : { role })
  try {
    return await assertBound(orm, { production })
  } finally {
    await orm.close(true)
  }
}

const refused = async (t: ExecutionContext, work: Promise<unknown>, code: DatabaseSetupError['code']) => {
  const error = await t.throwsAsync(work, { instanceOf: DatabaseSetupError })
  t.is(error?.code, code)
  return error
}

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())

  test(`${profile}: two processes that migrate at once apply every migration once, and a third has nothing to do`, async (t) => {
    const { target, drop } = await emptyDatabase(db, null)
    const [first, second] = await Promise.all([migrate(target), migrate(target)])
    t.true(first.applied === 0 || second.applied === 0)
    t.true(first.applied + second.applied > 0)
    t.deepEqual(await migrate(target), { applied: 0 })
    await drop()
  })

  test(`${profile}: a database of a newer program is refused, and nothing is touched`, async (t) => {
    const { target, drop } = await emptyDatabase(db, null)
    await migrate(target)
    await onServer(target, (client) => client.query(`insert into schema_migration (name) values ('9999-future')`))
    await onServer(target, (client) => client.query('revoke usage on schema public from dc_app, dc_system, public'))
    const error = await refused(t, migrate(target), 'schema-newer')
    t.regex(error?.message ?? '', /9999-future/)
    await onServer(target, async (client) => {
      const { rows } = await client.query(`select has_schema_privilege('dc_app', 'public', 'usage') as granted`)
      t.false(rows[0].granted)
    })
    await drop()
  })

  test(`${profile}: a database without the schema is named as that`, async (t) => {
    const { target, login, drop } = await emptyDatabase(db, null)
    await refused(t, checked(login, null, true), 'schema-missing')
    await migrate(target)
    t.deepEqual(await checked(login, null, true), { warnings: [] })
    await drop()
  })

  test(`${profile}: dc_login is bound, in production as well`, async (t) => {
    t.deepEqual(await checked(db.target, null, true), { warnings: [] })
  })

  test(`${profile}: a superuser's login is refused in production, and warned of elsewhere`, async (t) => {
    await refused(t, checked(db.admin, 'dc_app', true), 'superuser-login')
    const { warnings } = await checked(db.admin, 'dc_app', false)
    t.is(warnings.length, 1)
    t.regex(warnings[0] ?? '', /superuser/)
  })

  test(`${profile}: an owner that stays the owner is refused`, async (t) => {
    await refused(t, checked(db.admin, null, false), 'role-unbound')
  })

  test(`${profile}: a table that was left without a policy is found`, async (t) => {
    const { target, login, drop } = await emptyDatabase(db, null)
    await migrate(target)
    await onServer(target, (client) => client.query('create table forgotten (id int, org_id uuid)'))
    const error = await refused(t, checked(login, null, false), 'role-unbound')
    t.regex(error?.message ?? '', /forgotten/)
    await drop()
  })

  test(`${profile}: an owner that is no superuser serves as the one URL, bound by dc_app`, async (t) => {
    const { target, drop } = await emptyDatabase(db, '')
    const missing = await t.throwsAsync(migrate(target), { instanceOf: RolesMissing })
    t.true((missing?.statements.length ?? 0) > 0)
    t.true(missing?.statements.every((statement) => missing.message.includes(`${statement};`)))
    await onServer(db.admin, async (client) => {
      for (const statement of missing?.statements ?? []) await client.query(statement)
    })
    await migrate(target)
    t.deepEqual(await checked(target, 'dc_app', true), { warnings: [] })
    await refused(t, checked(target, null, true), 'role-unbound')
    const orm = createOrm(target, { role: 'dc_app' })
    const { orgId } = await seedOrganization(orm)
    t.is((await inOrganization(orm, orgId, (tx) => tx.rows('select * from memberships'))).length, 1)
    t.is((await orm.em.fork().execute('select * from memberships')).length, 0)
    await orm.close(true)
    await drop()
  })
})
