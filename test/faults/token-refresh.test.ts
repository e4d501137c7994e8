import test from 'ava'
import {
  createInstagramSimulator,
  type InstagramSimulator,
  type SimulatedAccount,
} from '../../dev/instagram-simulator/index.ts'
import { createTokenRefresh } from '../../src/adapters/instagram/token-refresh.ts'
import { createChannelAccounts } from '../../src/adapters/persistence/channel-accounts.ts'
import { inOrganization } from '../../src/adapters/persistence/transaction.ts'
import type { MemberId } from '../../src/core/ids.ts'
import type { TokenRefresh } from '../../src/ports/channel-adapter.ts'
import { anOwner } from '../builders/actors.ts'
import { type CoreOnDatabase, coreOn } from '../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { all } from '../support/inbox-state.ts'
import { seedChannel, seedMember, seedOrganization, testSecretBox } from '../support/seed.ts'

const DAY_MS = 24 * 3_600_000
const signal = new AbortController().signal
const START = new Date('2026-02-01T08:00:00.000Z')
const dayOf = (day: number): Date => new Date(START.getTime() + day * DAY_MS)

onEachProfile((profile) => {
  let db: TestDatabase
  let simulator: InstagramSimulator
  let program: CoreOnDatabase
  let tokens: TokenRefresh
  let today = 0
  const now = () => dayOf(today)
  test.before(async () => {
    db = await testDatabase(profile)
    simulator = await createInstagramSimulator({ clock: now })
    const config = {
      graphUrl: `${simulator.url}/graph.instagram.com`,
      facebookGraphUrl: `${simulator.url}/graph.facebook.com`,
      graphVersion: 'v26.0',
    }
    tokens = createTokenRefresh(config, fetch, () => now().getTime())
    program = coreOn(db, { clock: { now, monotonicMs: () => performance.now() }, tokens })
  })
  test.beforeEach(() => {
    today = 0
    simulator.clearFaults()
  })
  test.after.always(async () => {
    await simulator.close()
    await db.close()
  })

  /** A channel with a token of the first day; `lasts` days as far as is known. */
  async function aChannel(lasts: number | null = 60, { login = 'instagram' as 'instagram' | 'facebook' } = {}) {
    const { orgId, memberId } = await seedOrganization(program.orm)
    const account: SimulatedAccount = simulator.account({ login, username: `shop-${orgId}`, name: 'Shop' })
    const channelId = await seedChannel(program.orm, orgId, {
      account: account.id,
      settings: { pageId: account.id, login },
      secrets: { accessToken: account.accessToken },
    })
    await program.unitOfWork.run(orgId, (stores) =>
      stores.tokens.set(channelId, { setAt: START, expiresAt: lasts === null ? null : dayOf(lasts) }),
    )
    const accounts = createChannelAccounts({ orm: program.orm, secretBox: testSecretBox })
    const rows = <T extends object>(text: string) =>
      inOrganization(program.orm, orgId, (tx) => tx.rows<T>(text, [orgId]))
    return {
      orgId,
      channelId,
      memberId,
      account,
      rows,
      job: { orgId, channelId },
      calls: () =>
        simulator.calls.filter((call) => call.route === 'token-refresh' && call.accountId === account.id).length,
      token: async () => (await accounts.load(orgId, channelId))?.secrets['accessToken'],
      view: async () => (await program.queries.channel(orgId, channelId)) ?? Promise.reject(new Error('no channel')),
      alerts: async (member: MemberId) =>
        (await all((page) => program.queries.notifications(orgId, member, {}, page))).filter(({ type }) =>
          type.startsWith('CHANNEL_'),
        ),
    }
  }
  type Channel = Awaited<ReturnType<typeof aChannel>>
  const onDay = (day: number, { job }: Channel, core = program.core) => {
    today = day
    return core.refreshToken(job, signal)
  }

  // proves: login.refresh
  test.serial(
    `${profile}: a token is prolonged by its own age, whatever else is changed about the channel`,
    async (t) => {
      const channel = await aChannel()
      const { account, orgId, channelId } = channel
      t.is((await channel.view()).health.tokenExpiresAt?.getTime(), dayOf(60).getTime())
      for (const day of [0.5, 2, 39]) t.deepEqual(await onDay(day, channel), { status: 'done' })
      t.is(channel.calls(), 0)
      // A rename makes the row new, and the token no younger.
      await program.unitOfWork.run(orgId, async ({ channels }) => {
        await channels.save({ ...(await channels.get(channelId)), name: 'Renamed' }, {}, now())
      })
      await onDay(41, channel)
      t.is(channel.calls(), 1)
      t.not(await channel.token(), account.accessToken)
      t.is((await channel.view()).health.tokenExpiresAt?.getTime(), dayOf(101).getTime())
      const sealed = await channel.rows<{ sealed: string }>('select sealed from channel_secrets where org_id = $1')
      t.is(sealed.length, 1)
      t.false(sealed[0]?.sealed.includes((await channel.token()) ?? ''))
      const audited = await channel.rows<{ action: string }>('select action from audit_log where org_id = $1')
      t.true(audited.some(({ action }) => action === 'channel.token_refreshed'))
      await onDay(42, channel)
      t.is(channel.calls(), 1)
      t.false(program.log.text.includes(account.accessToken))
      // The new one works, and is prolonged in its turn.
      await onDay(95, channel)
      t.is(channel.calls(), 2)
      t.is((await channel.view()).health.tokenExpiresAt?.getTime(), dayOf(155).getTime())
      t.deepEqual(await channel.alerts(channel.memberId), [])
    },
  )

  test.serial(`${profile}: a token without a known end is prolonged after fifty days, a Page's never`, async (t) => {
    const pasted = await aChannel(null)
    const page = await aChannel(null, { login: 'facebook' })
    await onDay(49, pasted)
    t.is(pasted.calls(), 0)
    await onDay(50, pasted)
    t.is(pasted.calls(), 1)
    t.is((await pasted.view()).health.tokenExpiresAt?.getTime(), dayOf(110).getTime())
    await onDay(51, page)
    t.is(page.calls(), 0)
    t.like(await page.view(), { status: 'ACTIVE', health: { tokenExpiresAt: null } as never })
  })

  test.serial(
    `${profile}: where it does not work, administrators are told 14, 7 and 3 days before, and no other account waits`,
    async (t) => {
      const channel = await aChannel()
      const other = await aChannel()
      const admin = await seedMember(program.orm, channel.orgId, 'Ada Admin', 'ADMIN')
      const agent = await seedMember(program.orm, channel.orgId, 'Ann Agent', 'AGENT')
      simulator.fault({ kind: 'server-error' }, { on: 'token-refresh', account: channel.account.id, times: 'always' })
      const told: number[] = []
      for (const day of [41, 45, 46, 47, 53, 54, 57, 57.5, 57.7]) {
        t.deepEqual(await onDay(day, channel), { status: 'done' })
        told.push((await channel.alerts(admin)).length)
      }
      t.deepEqual(told, [0, 0, 1, 1, 2, 2, 3, 3, 3])
      t.is((await channel.alerts(channel.memberId)).length, 3)
      t.true((await channel.alerts(admin)).every(({ type }) => type === 'CHANNEL_TOKEN_EXPIRING'))
      t.deepEqual(await channel.alerts(agent), [])
      t.is((await channel.view()).status, 'ACTIVE')
      t.is(await channel.token(), channel.account.accessToken)
      const events = await channel.rows("select 1 from event_log where org_id = $1 and type = 'notification.created'")
      t.is(events.length, 6)
      await onDay(41, other)
      t.is(other.calls(), 1)
      t.not(await other.token(), other.account.accessToken)

      // The next token has its alerts anew.
      simulator.clearFaults()
      await onDay(57, channel)
      t.is((await channel.view()).health.tokenExpiresAt?.getTime(), dayOf(117).getTime())
      simulator.fault({ kind: 'server-error' }, { on: 'token-refresh', account: channel.account.id, times: 'always' })
      await onDay(105, channel)
      t.is((await channel.alerts(admin)).length, 4)
    },
  )

  test.serial(`${profile}: a refusal short of 190 keeps the token; 190 is the end of it`, async (t) => {
    const channel = await aChannel()
    simulator.fault({ kind: 'refusal', code: 100 }, { on: 'token-refresh' })
    await onDay(41, channel)
    simulator.fault({ kind: 'throttle', code: 4 }, { on: 'token-refresh' })
    await onDay(42, channel)
    t.is((await channel.view()).status, 'ACTIVE')
    t.is(await channel.token(), channel.account.accessToken)
    simulator.revokeTokens(channel.account)
    await onDay(43, channel)
    t.is((await channel.view()).status, 'NEEDS_REAUTH')
    t.deepEqual(
      (await channel.alerts(channel.memberId)).map(({ type }) => type),
      ['CHANNEL_NEEDS_REAUTH'],
    )
    const calls = simulator.calls.length
    await onDay(44, channel)
    t.is(simulator.calls.length, calls)
  })

  test.serial(`${profile}: a token that somebody gives meanwhile is not overwritten by a late answer`, async (t) => {
    const channel = await aChannel()
    const { orgId, channelId } = channel
    const late = coreOn(db, {
      beside: program,
      clock: { now, monotonicMs: () => performance.now() },
      tokens: {
        canRefresh: () => true,
        refresh: async (...call) => {
          const answer = await tokens.refresh(...call)
          const accessToken = 'given meanwhile'
          const config = { accessToken }
          const { memberId } = channel
          const actor = anOwner({ orgId, memberId, userId: memberId as never })
          await program.core.updateChannel(actor, channelId, { config })
          return answer
        },
      },
    })
    await onDay(41, channel, late.core)
    t.is(channel.calls(), 1)
    t.is(await channel.token(), 'given meanwhile')
    // Its age is its own as well.
    const [age] = await channel.rows<{ set_at: Date; expires_at: Date | null }>(
      'select set_at, expires_at from channel_tokens where org_id = $1',
    )
    t.deepEqual(age, { set_at: dayOf(41), expires_at: null })
  })

  test.serial(`${profile}: each token is looked at once a day, however many processes plan it`, async (t) => {
    const channel = await aChannel()
    const enqueued = async () =>
      (
        await program.pool.query(
          `select 1 from jobs where queue = 'token-refresh' and convert_from(payload, 'UTF8')::jsonb ->> 'channelId' = $1`,
          [channel.channelId],
        )
      ).rowCount
    today = 1
    await Promise.all([program.core.planTokenChecks(), program.core.planTokenChecks()])
    t.is(await enqueued(), 1)
    today = 1.8
    await program.core.planTokenChecks()
    t.is(await enqueued(), 1)
    today = 2.2
    await program.core.planTokenChecks()
    t.is(await enqueued(), 2)
  })
})
