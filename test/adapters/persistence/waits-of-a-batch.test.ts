import test from 'ava'
import { inOrganization } from '../../../src/adapters/persistence/transaction.ts'
import { aMessage } from '../../builders/events.ts'
import { coreOn, deliveryOf, seedInbox } from '../../support/core-on-database.ts'
import { countWrites } from '../../support/count-writes.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../../support/database.ts'

/**
 * Each time that a batch waits for the server two processes have to get a processor in turn, which takes longer on a busy machine than
 * what is asked. What is sent at once leaves in one write, so writes are waits.
 */
const MOST_WAITS = 5

const PLANS = `select sum(generic_plans)::int as generic, sum(custom_plans)::int as custom from pg_prepared_statements
  where statement like 'update %'`

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())

  test(`${profile}: a batch waits for the database a few times, however many messages it has`, async (t) => {
    const on = coreOn(db, { poolSize: 1, keepsChannels: true })
    const inbox = await seedInbox(on.orm)
    const writes = await countWrites(on.orm)
    const batch = async (...names: readonly string[]): Promise<number> => {
      const before = writes()
      await on.core.receiveWebhooks(names.map((name) => deliveryOf(inbox, [aMessage({ externalId: name })])))
      return writes() - before
    }
    await batch('m-1')
    // Now and then the plans of the connection are made anew, which is asked for ahead.
    t.is(Math.min(await batch('m-2'), await batch('m-3')), MOST_WAITS)
    t.is(Math.min(await batch('m-4', 'm-5', 'm-6'), await batch('m-7', 'm-8', 'm-9')), MOST_WAITS)
    const [plans] = await inOrganization(on.orm, inbox.orgId, (tx) =>
      tx.rows<{ generic: number; custom: number }>(PLANS),
    )
    t.true((plans?.generic ?? 0) > 0, 'what changes something is planned for all values')
    t.is(plans?.custom, 0, 'and not anew for each batch')
  })
})
