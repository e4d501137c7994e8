import test from 'ava'
import { aMessage } from '../builders/events.ts'
import { type CoreOptions, coreOn, deliveryOf, seedInbox } from '../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { all } from '../support/inbox-state.ts'

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())

  async function viaOf(options: CoreOptions): Promise<readonly string[]> {
    const { core, orm, queries } = coreOn(db, options)
    const inbox = await seedInbox(orm)
    await core.receiveWebhooks([deliveryOf(inbox, [aMessage()])])
    const [ticket] = await all((page) => queries.tickets(inbox.orgId, {}, page))
    const found = await queries.messages(inbox.orgId, ticket!.id, 'asc', { limit: 10, after: null })
    return (found?.data ?? []).map(({ via }) => via)
  }

  test(`${profile}: the adapter says how its customers' messages come, whatever its platform is called`, async (t) => {
    t.deepEqual(await viaOf({}), ['PLATFORM'])
    t.deepEqual(await viaOf({ inboundVia: 'API' }), ['API'])
  })
})
