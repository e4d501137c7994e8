import test from 'ava'
import { inOrganization, type Orm } from '../../../src/adapters/persistence/transaction.ts'
import type { OrgId } from '../../../src/core/ids.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../../support/database.ts'
import { seedOrganization } from '../../support/seed.ts'
import { onServer } from '../../support/template.ts'

const PREPARED = `select statement from pg_prepared_statements where statement like '%/* mine */%'`

onEachProfile((profile) => {
  let db: TestDatabase
  let orm: Orm
  let orgId: OrgId
  test.before(async () => {
    db = await testDatabase(profile)
    orm = db.orm({ poolSize: 1 })
    orgId = (await seedOrganization(orm)).orgId
  })
  test.after.always(() => db.close())

  const rows = (text: string, params: readonly unknown[]) => inOrganization(orm, orgId, (tx) => tx.rows(text, params))
  const prepared = () => inOrganization(orm, orgId, (tx) => tx.rows<{ statement: string }>(PREPARED))

  test.serial(`${profile}: a statement is prepared from its third run on, and says the same then`, async (t) => {
    const text = 'select $1::int + 1 as next /* mine */'
    for (const n of [1, 2, 3, 4, 5, 6, 7, 8]) {
      t.deepEqual(await rows(text, [n]), [{ next: n + 1 }])
      t.is((await prepared()).length, n < 3 ? 0 : 1)
    }
  })

  test.serial(`${profile}: what has all columns of a table goes on when a migration adds one`, async (t) => {
    const text = 'select m.* from memberships m where m.org_id = $1 /* mine */'
    for (let n = 0; n < 8; n++) t.is((await rows(text, [orgId])).length, 1)
    await onServer(db.admin, (client) => client.query('alter table memberships add column added_meanwhile int'))
    t.true('added_meanwhile' in ((await rows(text, [orgId]))[0] as object))
    await onServer(db.admin, (client) => client.query('alter table memberships drop column added_meanwhile'))
  })

  test.serial(`${profile}: however many statements there are, a bounded number is kept`, async (t) => {
    for (let n = 0; n < 400; n++) for (let run = 0; run < 3; run++) await rows(`select $1::int + ${n} /* mine */`, [1])
    const { length } = await prepared()
    t.true(length > 0 && length <= 300, `${length}`)
  })
})
