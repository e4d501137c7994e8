import test from 'ava'
import type { Client } from 'pg'
import type { DatabaseTarget } from '../../../src/adapters/persistence/connection.ts'
import { migrate } from '../../../src/adapters/persistence/database.ts'
import { MigrationBlocked } from '../../../src/adapters/persistence/database-errors.ts'
import { createOrm } from '../../../src/adapters/persistence/orm.ts'
import { explain } from '../../../src/explain.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../../support/database.ts'
import { emptyDatabase } from '../../support/empty-database.ts'
import { waitFor } from '../../support/processes.ts'
import { seedChannel, seedOrganization } from '../../support/seed.ts'
import { seedThread } from '../../support/seed-inbox.ts'
import { onServer } from '../../support/template.ts'

/** The one after it changes the constraints of message_parts, which every message in and out writes to. */
const BEFORE = '0029-dead-letters'

/** As a transaction that wrote a message and does not end. */
const holding = (target: DatabaseTarget, work: (release: () => Promise<unknown>) => Promise<void>) =>
  onServer(target, async (client: Client) => {
    await client.query('begin; lock table message_parts in row exclusive mode')
    await work(() => client.query('commit'))
  })

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())

  test(`X6: ${profile}: a migration that waits for a long transaction lets the version before go on, and comes through after it`, async (t) => {
    const { target, login, drop } = await emptyDatabase(db, null)
    await migrate(target, { upTo: BEFORE })
    const orm = createOrm(login)
    const { orgId } = await seedOrganization(orm)
    const channelId = await seedChannel(orm, orgId)
    const write = () => seedThread(orm, orgId, channelId)
    await holding(target, async (release) => {
      let isDone = false
      const migrating = migrate(target).finally(() => (isDone = true))
      const waits = () =>
        onServer(target, async (client) => {
          const { rowCount } = await client.query(
            `select from pg_locks where not granted and relation = 'message_parts'::regclass and mode = 'AccessExclusiveLock'`,
          )
          return rowCount !== 0
        })
      for (let n = 0; n < 3; n++) {
        await waitFor(waits, 60_000)
        // Behind the migration in the line for the table.
        await write()
      }
      t.false(isDone)
      await release()
      t.true((await migrating).applied > 0)
    })
    await write()
    t.deepEqual(await migrate(target), { applied: 0 })
    await orm.close(true)
    await drop()
  })

  test(`X6: ${profile}: one that never gets its locks gives up with a sentence, and leaves nothing half done`, async (t) => {
    const { target, drop } = await emptyDatabase(db, null)
    await migrate(target, { upTo: BEFORE })
    await holding(target, async (release) => {
      const error = await t.throwsAsync(migrate(target, { patienceMs: 1 }), { instanceOf: MigrationBlocked })
      t.like(explain(error), { exitCode: 1 })
      t.regex(explain(error)?.says ?? '', /does not get its locks.* start again/)
      await release()
    })
    t.true((await migrate(target)).applied > 0)
    await drop()
  })
})
