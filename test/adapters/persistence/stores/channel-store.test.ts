import test from 'ava'
import { createChannelAccounts } from '../../../../src/adapters/persistence/channel-accounts.ts'
import { inOrganization, type Orm } from '../../../../src/adapters/persistence/transaction.ts'
import { DomainError, NotFound } from '../../../../src/core/errors.ts'
import type { ChannelId, ExternalAccountId, OrgId } from '../../../../src/core/ids.ts'
import type { UnitOfWork } from '../../../../src/ports/unit-of-work.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../../../support/database.ts'
import { ids, seedChannel, seedOrganization, testSecretBox, unitOfWorkOn } from '../../../support/seed.ts'
import { onServer } from '../../../support/template.ts'

onEachProfile((profile) => {
  let db: TestDatabase
  let orm: Orm
  let uow: UnitOfWork
  let orgId: OrgId
  test.before(async () => {
    db = await testDatabase(profile)
    orm = db.orm()
    uow = unitOfWorkOn(orm)
    orgId = (await seedOrganization(orm)).orgId
  })
  test.after.always(() => db.close())

  const secretsOf = (id: ChannelId) => uow.run(orgId, ({ channels }) => channels.secrets(id))
  const pauseOf = async (id: ChannelId) =>
    (
      await inOrganization(orm, orgId, (tx) =>
        tx.rows<{ until: unknown; reason: string }>('select until, reason from channel_pauses where channel_id = $1', [
          id,
        ]),
      )
    )[0]
  const setStatus = (id: ChannelId, status: 'ACTIVE' | 'PAUSED' | 'NEEDS_REAUTH') =>
    uow.run(orgId, async ({ channels }) => channels.save({ ...(await channels.get(id)), status }, {}, new Date()))

  test(`${profile}: a channel comes back as it was added, and its secrets are no plain text at rest`, async (t) => {
    const id = await seedChannel(orm, orgId, {
      account: 'acct-1',
      secrets: { appSecret: 'planted-app-secret', accessToken: 'planted-token' },
    })
    t.deepEqual(await uow.run(orgId, ({ channels }) => channels.get(id)), {
      id,
      orgId,
      type: 'INSTAGRAM',
      platform: 'INSTAGRAM',
      name: 'Support',
      status: 'ACTIVE',
      account: 'acct-1' as ExternalAccountId,
      app: null,
      retentionDays: null,
      settings: { pageId: 'page' },
      withdrawnAt: null,
      version: 1,
    })
    t.deepEqual(await secretsOf(id), { appSecret: 'planted-app-secret', accessToken: 'planted-token' })
    await onServer(db.admin, async (client) => {
      const { rows } = await client.query(
        `select (select jsonb_agg(to_jsonb(s)) from channel_secrets s)::text || (select jsonb_agg(to_jsonb(c)) from channels c)::text as everything`,
      )
      t.notRegex(rows[0].everything, /planted/)
      t.regex(rows[0].everything, /v2\.test\./)
    })
  })

  test(`${profile}: a sealed secret opens in its own row only`, async (t) => {
    const [one, two] = [await seedChannel(orm, orgId), await seedChannel(orm, orgId)]
    await inOrganization(orm, orgId, (tx) =>
      tx.affected(
        `update channel_secrets s set sealed = o.sealed from channel_secrets o where s.channel_id = $1 and o.channel_id = $2 and s.name = o.name`,
        [one, two],
      ),
    )
    await t.throwsAsync(secretsOf(one), { code: 'tampered' })
    await t.notThrowsAsync(secretsOf(two))
  })

  test(`${profile}: saving replaces the secrets it names, removes nulls, and moves the version on`, async (t) => {
    const id = await seedChannel(orm, orgId, { secrets: { appSecret: 'a', verifyToken: 'v', accessToken: 't' } })
    await uow.run(orgId, async ({ channels }) => {
      const channel = await channels.get(id)
      await channels.save(
        { ...channel, name: 'New', settings: { other: { deep: 1 } } },
        { appSecret: 'b', verifyToken: null },
        new Date(),
      )
    })
    t.deepEqual(await secretsOf(id), { appSecret: 'b', accessToken: 't' })
    const saved = await uow.run(orgId, ({ channels }) => channels.get(id))
    t.is(saved.name, 'New')
    t.deepEqual(saved.settings, { other: { deep: 1 } })
    t.is(saved.version, 2)
  })

  test(`${profile}: a channel whose account was taken away holds nothing back, and says so until it is granted again`, async (t) => {
    const accounts = createChannelAccounts({ orm, secretBox: testSecretBox })
    const id = await seedChannel(orm, orgId, { account: 'taken-away' })
    const setWithdrawn = (withdrawnAt: Date | null) =>
      uow.run(orgId, async ({ channels }) => {
        const channel = await channels.get(id)
        await channels.save({ ...channel, status: 'NEEDS_REAUTH', withdrawnAt }, {}, new Date())
      })
    const isWithdrawn = async () => (await accounts.load(orgId, id))?.isWithdrawn
    await setWithdrawn(null)
    t.is((await pauseOf(id))?.reason, 'needs-reauth')
    t.false(await isWithdrawn())
    await setWithdrawn(new Date())
    t.is(await pauseOf(id), undefined, 'what is queued is taken up, and refused')
    t.true(await isWithdrawn())
    await uow.run(orgId, async ({ channels }) => {
      const { withdrawnAt: _, ...channel } = await channels.get(id)
      await channels.save({ ...channel, name: 'Another' }, {}, new Date())
    })
    t.true(await isWithdrawn(), 'left out it stays')
    await setWithdrawn(null)
    t.is((await pauseOf(id))?.reason, 'needs-reauth')
  })

  test(`${profile}: pausing and a rejected token stop sending until it is active again; what the platform wants is left alone`, async (t) => {
    const id = await seedChannel(orm, orgId)
    t.is(await pauseOf(id), undefined)
    await setStatus(id, 'PAUSED')
    t.deepEqual(await pauseOf(id), { until: Number.POSITIVE_INFINITY, reason: 'paused' })
    await setStatus(id, 'NEEDS_REAUTH')
    t.is((await pauseOf(id))?.reason, 'needs-reauth')
    await setStatus(id, 'ACTIVE')
    t.is(await pauseOf(id), undefined)

    await inOrganization(orm, orgId, (tx) =>
      tx.affected(
        `insert into channel_pauses (channel_id, org_id, until, reason) values ($1, $2, now() + interval '1 hour', 'throttled')`,
        [id, orgId],
      ),
    )
    await setStatus(id, 'ACTIVE')
    t.is((await pauseOf(id))?.reason, 'throttled')
  })

  test(`${profile}: an organization connects an account once, another one may as well, and again after disconnecting`, async (t) => {
    const id = await seedChannel(orm, orgId, { account: 'twice' })
    const again = await t.throwsAsync(seedChannel(orm, orgId, { account: 'twice' }), { instanceOf: DomainError })
    t.is(again?.code, 'channel-exists')
    const other = await seedOrganization(orm)
    await t.notThrowsAsync(seedChannel(orm, other.orgId, { account: 'twice' }))
    const moved = uow.run(orgId, async ({ channels }) => {
      const free = await seedChannel(orm, orgId)
      await channels.save({ ...(await channels.get(free)), account: 'twice' as ExternalAccountId }, {}, new Date())
    })
    t.is((await t.throwsAsync(moved, { instanceOf: DomainError }))?.code, 'channel-exists')
    await uow.run(orgId, ({ channels }) => channels.disconnect(id, new Date()))
    await t.notThrowsAsync(seedChannel(orm, orgId, { account: 'twice' }))
  })

  test(`${profile}: disconnecting deletes the secrets and any pause, and the channel is not found any more`, async (t) => {
    const id = await seedChannel(orm, orgId)
    await setStatus(id, 'PAUSED')
    await uow.run(orgId, ({ channels }) => channels.disconnect(id, new Date()))
    t.deepEqual(await secretsOf(id), {})
    t.is(await pauseOf(id), undefined)
    await t.throwsAsync(
      uow.run(orgId, ({ channels }) => channels.get(id)),
      { instanceOf: NotFound },
    )
    await t.throwsAsync(
      uow.run(orgId, ({ channels }) => channels.disconnect(id, new Date())),
      { instanceOf: NotFound },
    )
    t.is(await createChannelAccounts({ orm, secretBox: testSecretBox }).load(orgId, id), null)
  })

  test(`${profile}: unknown ids, odd ids and another organization's are not found`, async (t) => {
    const other = await seedOrganization(orm)
    const theirs = await seedChannel(orm, other.orgId)
    for (const id of [theirs, ids.next(), 'nonsense']) {
      await t.throwsAsync(
        uow.run(orgId, ({ channels }) => channels.get(id as ChannelId)),
        { instanceOf: NotFound },
      )
      t.deepEqual(await secretsOf(id as ChannelId), {})
    }
  })

  test(`${profile}: the account that is sent for comes with its secrets opened, to its own organization only`, async (t) => {
    const accounts = createChannelAccounts({ orm, secretBox: testSecretBox })
    const id = await seedChannel(orm, orgId, { account: 'sender', secrets: { accessToken: 'token' } })
    t.deepEqual(await accounts.load(orgId, id), {
      orgId,
      channelId: id,
      account: 'sender' as ExternalAccountId,
      type: 'INSTAGRAM',
      status: 'ACTIVE',
      isWithdrawn: false,
      app: null,
      version: 1,
      pause: null,
      unanswered: 0,
      settings: { pageId: 'page' },
      secrets: { accessToken: 'token' },
    })
    const other = await seedOrganization(orm)
    t.is(await accounts.load(other.orgId, id), null)
    t.is(await accounts.load(orgId, 'nonsense' as ChannelId), null)
  })
})
