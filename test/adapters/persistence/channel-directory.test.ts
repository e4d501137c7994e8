import test from 'ava'
import { createChannelDirectory } from '../../../src/adapters/persistence/channel-directory.ts'
import { createSystemPool } from '../../../src/adapters/persistence/system-pool.ts'
import { inOrganization, type Orm } from '../../../src/adapters/persistence/transaction.ts'
import { Unavailable } from '../../../src/core/errors.ts'
import type { ChannelId, ExternalAccountId, OrgId } from '../../../src/core/ids.ts'
import type { ChannelAdapter } from '../../../src/ports/channel-adapter.ts'
import type { ChannelRegistry } from '../../../src/ports/channel-registry.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../../support/database.ts'
import { ids, seedChannel, seedOrganization, testSecretBox, unitOfWorkOn } from '../../support/seed.ts'

const settings = { webhookSecrets: ['appSecret', 'secondSecret'], verifyTokens: ['verifyToken', 'pageId'] }
const registry: ChannelRegistry = {
  types: ['INSTAGRAM'],
  get: (type) => (type === 'INSTAGRAM' ? ({ settings } as unknown as ChannelAdapter) : null),
}

onEachProfile((profile) => {
  let db: TestDatabase
  let orm: Orm
  let orgId: OrgId
  test.before(async () => {
    db = await testDatabase(profile)
    orm = db.orm()
    orgId = (await seedOrganization(orm)).orgId
  })
  test.after.always(() => db.close())
  const directory = () => createChannelDirectory({ pool: db.systemPool(), secretBox: testSecretBox, registry })

  test(`${profile}: a channel is found by its id alone, with what verifies its webhooks, in the adapter's order`, async (t) => {
    const secrets = {
      verifyToken: 'token',
      secondSecret: 'second',
      accessToken: 'not for webhooks',
      appSecret: 'first',
    }
    const id = await seedChannel(orm, orgId, { account: 'acct', secrets })
    const found = await directory().find(id)
    t.deepEqual(found, {
      id,
      orgId,
      type: 'INSTAGRAM',
      status: 'ACTIVE',
      account: 'acct' as ExternalAccountId,
      aliases: [],
      webhookSecrets: ['first', 'second'],
      verifyTokens: ['token', 'page'],
    })
  })

  test(`${profile}: a channel without secrets, or of a type without adapter, has none`, async (t) => {
    const bare = await directory().find(await seedChannel(orm, orgId, { secrets: {} }))
    t.deepEqual([bare?.webhookSecrets, bare?.verifyTokens], [[], ['page']])
    const foreign = await directory().find(await seedChannel(orm, orgId, { type: 'OTHER' }))
    t.deepEqual([foreign?.webhookSecrets, foreign?.verifyTokens], [[], []])
  })

  test(`${profile}: unknown, odd and disconnected ones are null`, async (t) => {
    const id = await seedChannel(orm, orgId)
    await unitOfWorkOn(orm).run(orgId, ({ channels }) => channels.disconnect(id, new Date()))
    for (const wanted of [id, ids.next(), 'nonsense'] as ChannelId[]) t.is(await directory().find(wanted), null)
  })

  test(`${profile}: counts are added up and written when it closes, for many channels at once`, async (t) => {
    const [one, two] = [await seedChannel(orm, orgId), await seedChannel(orm, orgId)]
    const counting = directory()
    for (let n = 0; n < 10; n++) counting.count(one, 'badSignatures')
    counting.count(two, 'unroutable', 5)
    counting.count(two, 'unknown', 2)
    counting.count(ids.next() as ChannelId, 'quarantined')
    await counting.close()
    const again = directory()
    again.count(one, 'badSignatures', 3)
    await again.close()
    const rows = await inOrganization(orm, orgId, (tx) =>
      tx.rows(
        'select bad_signatures, unroutable, unknown, quarantined from channel_health where channel_id = any ($1) order by channel_id',
        [[one, two]],
      ),
    )
    t.deepEqual(rows, [
      { bad_signatures: '13', unroutable: '0', unknown: '0', quarantined: '0' },
      { bad_signatures: '0', unroutable: '5', unknown: '2', quarantined: '0' },
    ])
  })
})

test('with the database away a look-up is Unavailable, and counting throws nothing', async (t) => {
  const pool = createSystemPool({ url: 'postgres://dc_login@127.0.0.1:9/none' })
  const away = createChannelDirectory({ pool, secretBox: testSecretBox, registry })
  await t.throwsAsync(away.find(ids.next() as ChannelId), { instanceOf: Unavailable })
  t.notThrows(() => away.count(ids.next() as ChannelId, 'unknown'))
  await t.notThrowsAsync(away.close())
  await pool.end()
})
