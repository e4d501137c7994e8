import test, { type ExecutionContext } from 'ava'
import { inOrganization } from '../../src/adapters/persistence/transaction.ts'
import type { Delivery } from '../../src/core/channel/delivery.ts'
import type { MemberId } from '../../src/core/ids.ts'
import { aMessage, aThread } from '../builders/events.ts'
import { type CoreOnDatabase, coreOn, deliveryOf, type Inbox, seedInbox } from '../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { all } from '../support/inbox-state.ts'
import { aGate, aNetwork, repliesIn, reply, startTalk, statusesIn, taken, workOff } from '../support/replies.ts'
import { seedMember } from '../support/seed.ts'

const HOUR_MS = 3_600_000
const dead = (alert = true): Delivery => ({
  status: 'reauthorize',
  alert,
  detail: 'a test',
  platformCode: alert ? '190/463' : '102',
})

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())

  const channelOf = async ({ queries }: CoreOnDatabase, { orgId, channelId }: Inbox) =>
    (await queries.channel(orgId, channelId)) ?? Promise.reject(new Error('the channel is gone'))
  const told = ({ queries }: CoreOnDatabase, { orgId }: Inbox, memberId: MemberId) =>
    all((page) => queries.notifications(orgId, memberId, {}, page))
  /** Of the organization's own log, in the order of writing. */
  const logged = (on: CoreOnDatabase, { orgId }: Inbox, text: string) =>
    inOrganization(on.orm, orgId, async (tx) => (await tx.rows<{ what: string }>(text)).map(({ what }) => what))
  const audited = (on: CoreOnDatabase, inbox: Inbox) =>
    logged(on, inbox, `select action as what from audit_log where resource_type = 'channel' order by at, id`)
  const happened = (on: CoreOnDatabase, inbox: Inbox) =>
    logged(on, inbox, `select data ->> 'to' as what from event_log where type = 'channel.health_changed' order by id`)
  const giveToken = ({ core }: CoreOnDatabase, { actor, channelId }: Inbox) =>
    core.updateChannel(actor, channelId, { config: { accessToken: 'another one' } })

  async function aRejectedChannel(t: ExecutionContext, { alert = true } = {}) {
    let isDead = true
    let aheadMs = 0
    const clock = { now: () => new Date(Date.now() + aheadMs), monotonicMs: () => performance.now() }
    const network = aNetwork((message, id) => (isDead ? dead(alert) : taken(message, id)))
    const on = coreOn(db, { send: network.send, clock })
    const inbox = await seedInbox(on.orm)
    const admin = await seedMember(on.orm, inbox.orgId, 'Ada Admin', 'ADMIN')
    const agent = await seedMember(on.orm, inbox.orgId, 'Ann Agent', 'AGENT')
    t.is((await channelOf(on, inbox)).status, 'ACTIVE')
    const revive = async () => {
      isDead = false
      await giveToken(on, inbox)
    }
    return { on, inbox, admin, agent, network, revive, pass: (hours: number) => (aheadMs += hours * HOUR_MS) }
  }

  // proves: fail.token, login.reauthorize
  test.serial(
    `D18: ${profile}: a revoked token stops all conversations, tells each administrator once, and loses nothing`,
    async (t) => {
      const { on, inbox, admin, agent, network, revive } = await aRejectedChannel(t)
      const talks = await Promise.all(Array.from({ length: 8 }, (_, index) => startTalk(on, inbox, `p${index}`)))
      const heard = (await told(on, inbox, agent)).length
      for (const talk of talks) await reply(on, talk, 'Good day')
      await workOff(on)
      for (const talk of talks) t.deepEqual(await statusesIn(on, talk), ['Good day QUEUED'])
      const channel = await channelOf(on, inbox)
      t.is(channel.status, 'NEEDS_REAUTH')
      t.like(channel.health, { pausedUntil: null, pauseReason: 'needs-reauth' })
      const alerts = async (memberId: MemberId) =>
        (await told(on, inbox, memberId)).filter(({ type }) => type === 'CHANNEL_NEEDS_REAUTH')
      for (const memberId of [inbox.memberId, admin]) {
        const found = await alerts(memberId)
        t.is(found.length, 1)
        t.like(found[0], { channelId: inbox.channelId, ticketId: null, messageId: null, read: false })
      }
      t.is((await told(on, inbox, agent)).length, heard)
      t.deepEqual(await happened(on, inbox), ['NEEDS_REAUTH'])
      t.deepEqual(await audited(on, inbox), ['channel.needs_reauth'])
      // What comes in still does.
      await on.core.receiveWebhooks([
        deliveryOf(inbox, [aMessage({ externalId: 'still', at: new Date(), thread: aThread('p0') })]),
      ])
      const calls = network.sent.length
      t.is(await workOff(on), 0)
      t.is(network.sent.length, calls)

      await revive()
      t.is((await channelOf(on, inbox)).status, 'ACTIVE')
      t.is((await channelOf(on, inbox)).health.pauseReason, null)
      await workOff(on)
      for (const talk of talks) t.deepEqual(await statusesIn(on, talk), ['Good day SENT'])
      t.deepEqual(await happened(on, inbox), ['NEEDS_REAUTH', 'ACTIVE'])
      t.deepEqual(await audited(on, inbox), ['channel.needs_reauth', 'channel.reauthorized', 'channel.updated'])
      t.is((await alerts(admin)).length, 1)
    },
  )

  test.serial(
    `D18, D19: ${profile}: what waited for a token fails where its window has closed meanwhile`,
    async (t) => {
      const { on, inbox, network, revive, pass } = await aRejectedChannel(t)
      const talk = await startTalk(on, inbox, 'late')
      await reply(on, talk, 'Good day')
      await workOff(on)
      t.deepEqual(await statusesIn(on, talk), ['Good day QUEUED'])
      pass(25)
      await revive()
      const calls = network.sent.length
      await workOff(on)
      t.deepEqual(await statusesIn(on, talk), ['Good day FAILED'])
      t.is((await repliesIn(on, talk))[0]?.failure?.code, 'messaging-window-closed')
      t.is(network.sent.length, calls)
    },
  )

  test.serial(`${profile}: days of waiting for a token are not held against what waited`, async (t) => {
    let answer: Delivery | null = dead()
    let aheadMs = 0
    const clock = { now: () => new Date(Date.now() + aheadMs), monotonicMs: () => performance.now() }
    const network = aNetwork((message, id) => answer ?? taken(message, id))
    const on = coreOn(db, { send: network.send, clock })
    const inbox = await seedInbox(on.orm)
    await on.core.updateChannel(inbox.actor, inbox.channelId, { config: { humanAgent: true } })
    const [ann, bob] = [await startTalk(on, inbox, 'ann'), await startTalk(on, inbox, 'bob')]
    await reply(on, ann, 'Good day')
    await workOff(on)
    await reply(on, bob, 'Good day to you')
    for (let day = 1; day <= 5; day++) {
      aheadMs += 24 * HOUR_MS
      t.is(await workOff(on), 0)
      t.deepEqual(await statusesIn(on, ann), ['Good day QUEUED'])
      t.deepEqual(await statusesIn(on, bob), ['Good day to you QUEUED'])
    }
    // The platform is busy when they go out at last.
    answer = { status: 'retry', afterMs: 60_000, pauses: 'message', detail: 'busy' }
    await giveToken(on, inbox)
    await workOff(on)
    t.deepEqual(await statusesIn(on, ann), ['Good day QUEUED'])
    // It is never given up for less than it is given otherwise, and no later.
    const again = async (hours: number) => {
      aheadMs += hours * HOUR_MS
      await inOrganization(on.orm, inbox.orgId, (tx) =>
        tx.affected('update send_lanes set not_before = now() where org_id = $1', [inbox.orgId]),
      )
      await workOff(on)
    }
    await again(5)
    t.deepEqual(await statusesIn(on, ann), ['Good day QUEUED'])
    answer = null
    await again(0.5)
    t.deepEqual(await statusesIn(on, ann), ['Good day SENT'])
    t.deepEqual(await statusesIn(on, bob), ['Good day to you SENT'])
    t.deepEqual(
      network.sent.slice(-2).map(({ message }) => message.asHumanAgent),
      [true, true],
    )
    // After seven days it is too late for anybody.
    answer = dead()
    await reply(on, ann, 'One more thing')
    await workOff(on)
    aheadMs += 3 * 24 * HOUR_MS
    answer = null
    await giveToken(on, inbox)
    await again(0)
    t.deepEqual(await statusesIn(on, ann), ['Good day SENT', 'One more thing FAILED'])
    t.is((await repliesIn(on, ann))[1]?.failure?.code, 'messaging-window-closed')
  })

  test.serial(`${profile}: a session that has ended stops the channel, and nobody is told`, async (t) => {
    const { on, inbox, admin } = await aRejectedChannel(t, { alert: false })
    const talk = await startTalk(on, inbox, 'ann')
    await reply(on, talk, 'Good day')
    await workOff(on)
    t.is((await channelOf(on, inbox)).status, 'NEEDS_REAUTH')
    t.deepEqual(
      (await told(on, inbox, admin)).filter(({ type }) => type === 'CHANNEL_NEEDS_REAUTH'),
      [],
    )
  })

  test.serial(`${profile}: a call with the old token that ends after the new one came changes nothing`, async (t) => {
    const gate = aGate<Delivery>()
    let calls = 0
    const network = aNetwork((message, id) => (calls++ === 0 ? gate.pass() : taken(message, id)))
    const on = coreOn(db, { send: network.send })
    const inbox = await seedInbox(on.orm)
    const talk = await startTalk(on, inbox, 'ann')
    await reply(on, talk, 'Good day')
    const working = workOff(on)
    await gate.reached
    await giveToken(on, inbox)
    gate.open(dead())
    await working
    await workOff(on)
    t.is((await channelOf(on, inbox)).status, 'ACTIVE')
    t.deepEqual(await statusesIn(on, talk), ['Good day SENT'])
    t.deepEqual(await happened(on, inbox), [])
  })
})
