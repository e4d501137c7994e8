import test from 'ava'
import { createInstagramSimulator } from '../../dev/instagram-simulator/index.ts'
import { createInstagramChannel } from '../../src/adapters/instagram/channel.ts'
import { asSystem, inOrganization } from '../../src/adapters/persistence/transaction.ts'
import type { Delivery, OutboundMessage } from '../../src/core/channel/delivery.ts'
import { aloneMs, LONGEST_ALONE_MS, UNANSWERED_AT_MOST } from '../../src/core/channel/unanswered.ts'
import type { ExternalAccountId, ExternalMessageId } from '../../src/core/ids.ts'
import type { Clock } from '../../src/ports/clock.ts'
import { type CoreOnDatabase, coreOn, type Inbox, realClock, seedInbox } from '../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { waitFor } from '../support/processes.ts'
import { aGate, aNetwork, reply, startTalk, statusesIn, type Talk, taken, textOf, workOff } from '../support/replies.ts'
import { createTcpProxy } from './harness/tcp-proxy.ts'

const HUNG: Delivery = { status: 'unknown', detail: 'no answer in time', unanswered: true }
const CUT: Delivery = { status: 'retry', afterMs: null, pauses: 'message', detail: 'cut off', unanswered: true }
const BUSY: Delivery = { status: 'retry', afterMs: 0, pauses: 'message', detail: 'an answer' }
const signal = new AbortController().signal
/** Ahead of the database, which ends pauses: none ends before the test says so. */
const ahead: Clock = { ...realClock, now: () => new Date(Date.now() + 600_000) }

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())

  const people = (on: CoreOnDatabase, inbox: Inbox, count: number, name = 'person') =>
    Promise.all(Array.from({ length: count }, (_, index) => startTalk(on, inbox, `${name}-${index}`)))
  const healthOf = async ({ queries }: CoreOnDatabase, { orgId, channelId }: Inbox) =>
    (await queries.channel(orgId, channelId))?.health
  const told = ({ orm }: CoreOnDatabase, { orgId }: Inbox) =>
    inOrganization(orm, orgId, async (tx) => {
      const rows = await tx.rows<{ reason: string | null }>(
        `select data ->> 'pauseReason' as reason from event_log where type = 'channel.health_changed' and org_id = $1 order by id`,
        [orgId],
      )
      return rows.map(({ reason }) => reason)
    })
  /** As if the account had been left alone for its time, by the clock that counts: the database's. */
  const pass = ({ orm }: CoreOnDatabase, { orgId }: Inbox) =>
    inOrganization(orm, orgId, async (tx) => {
      await tx.affected(`update channel_pauses set until = now() where org_id = $1 and reason = 'unreachable'`, [orgId])
      await tx.affected('update send_lanes set not_before = now() where org_id = $1 and not_before > now()', [orgId])
    })
  const calls = (network: ReturnType<typeof aNetwork>, talks: readonly Talk[]) =>
    network.sent.filter(({ message }) => talks.some(({ person }) => person === message.recipient.externalId)).length

  /** An account with so many people, and another one's with one. */
  async function aStage(answer: (message: OutboundMessage, id: ExternalMessageId) => Delivery | Promise<Delivery>) {
    const network = aNetwork(answer)
    const on = coreOn(db, { send: network.send, clock: ahead })
    const [ill, well] = [await seedInbox(on.orm), await seedInbox(on.orm)]
    const talks = await people(on, ill, UNANSWERED_AT_MOST + 4, 'ill')
    const other = await startTalk(on, well, 'well')
    for (const talk of talks) await reply(on, talk, talk.person)
    return { network, on, ill, well, talks, other }
  }
  /** One after the other, as a single free worker takes them. */
  async function oneByOne({ core }: CoreOnDatabase): Promise<void> {
    for (;;) {
      const begun = await core.deliverDue(1, signal)
      if (begun.length === 0) return
      await Promise.all(begun)
    }
  }

  test.serial(
    `D14, D17: ${profile}: an account without answers is left alone, is tried by one call after a growing time, and goes on whole`,
    async (t) => {
      let answer: Delivery | null = CUT
      const { network, on, ill, well, talks, other } = await aStage((message, id) =>
        textOf(message) === 'well' ? taken(message, id) : (answer ?? taken(message, id)),
      )
      await oneByOne(on)
      t.is(network.sent.length, UNANSWERED_AT_MOST)
      const health = await healthOf(on, ill)
      t.is(health?.pauseReason, 'unreachable')
      t.true((health?.pausedUntil?.getTime() ?? 0) <= ahead.now().getTime() + LONGEST_ALONE_MS)
      t.deepEqual(await told(on, ill), ['unreachable'])

      await reply(on, other, 'well')
      await oneByOne(on)
      t.deepEqual(await statusesIn(on, other), ['well SENT'])
      t.is((await healthOf(on, well))?.pauseReason, null)
      t.is(calls(network, talks), UNANSWERED_AT_MOST)

      // Whoever looks, however many at once: one call.
      const beside = coreOn(db, { send: network.send, clock: ahead, beside: on })
      for (let trial = 1; trial <= 3; trial++) {
        await pass(on, ill)
        await Promise.all([workOff(on), workOff(beside), workOff(on), workOff(beside)])
        t.is(calls(network, talks), UNANSWERED_AT_MOST + trial)
      }
      t.deepEqual(await told(on, ill), ['unreachable'])
      answer = null
      await pass(on, ill)
      await workOff(on)
      await pass(on, ill)
      await workOff(on)
      for (const talk of talks) t.deepEqual(await statusesIn(on, talk), [`${talk.person} SENT`])
      t.is((await healthOf(on, ill))?.pauseReason, null)
      t.deepEqual(await told(on, ill), ['unreachable', null])
      t.deepEqual(
        network.texts().filter((text) => text.startsWith('ill-')).length,
        UNANSWERED_AT_MOST + 3 + talks.length,
        'each once more than it was refused',
      )
    },
  )

  test.serial(`D17: ${profile}: calls that hang take some replies into doubt, and no more than that`, async (t) => {
    const hung = aGate<void>()
    const { on, ill, talks, other } = await aStage(async (message, id) => {
      if (textOf(message) === 'well') return taken(message, id)
      await hung.pass()
      return HUNG
    })
    await reply(on, other, 'well')
    const begun = await on.core.deliverDue(32, signal)
    await waitFor(async () => (await statusesIn(on, other))[0] === 'well SENT', 20_000)
    hung.open()
    await Promise.all(begun)
    await workOff(on)
    const statuses = (await Promise.all(talks.map((talk) => statusesIn(on, talk)))).flat()
    t.is(statuses.filter((status) => status.endsWith('UNKNOWN')).length, begun.length - 1)
    t.is(statuses.filter((status) => status.endsWith('QUEUED')).length, talks.length - begun.length + 1)
    t.is((await healthOf(on, ill))?.pauseReason, 'unreachable')
    t.deepEqual(await told(on, ill), ['unreachable'])
    const [row] = await asSystem(on.orm, (tx) =>
      tx.rows<{ unanswered: number }>('select unanswered from channel_pauses where channel_id = $1', [ill.channelId]),
    )
    t.is(row?.unanswered, UNANSWERED_AT_MOST, 'those that hung together count once it is left alone no more')
  })

  test.serial(`D17: ${profile}: whatever is answered, an account is no longer without answers`, async (t) => {
    let count = 0
    const { network, on, ill, talks } = await aStage((message, id) => {
      count += 1
      if (count % UNANSWERED_AT_MOST !== 0) return CUT
      return count % 2 ? BUSY : taken(message, id)
    })
    for (let round = 0; round < 3; round++) {
      await pass(on, ill)
      await oneByOne(on)
      t.is((await healthOf(on, ill))?.pauseReason, null)
    }
    t.true(calls(network, talks) > 2 * UNANSWERED_AT_MOST)
    t.deepEqual(await told(on, ill), [])
  })

  test.serial(`D17: ${profile}: a trial that comes to no call leaves the next one to others`, async (t) => {
    let answer: Delivery | null = CUT
    const network = aNetwork((message, id) => answer ?? taken(message, id))
    const on = coreOn(db, { send: network.send, clock: ahead })
    const ill = await seedInbox(on.orm)
    const talks = await people(on, ill, UNANSWERED_AT_MOST)
    for (const talk of talks) await reply(on, talk, 'too late')
    await oneByOne(on)
    t.is(network.sent.length, UNANSWERED_AT_MOST)
    await inOrganization(on.orm, ill.orgId, (tx) =>
      tx.affected(`update conversations set window_opened_at = now() - interval '25 hours' where org_id = $1`, [
        tx.orgId,
      ]),
    )
    answer = null
    await pass(on, ill)
    await oneByOne(on)
    for (const talk of talks) t.deepEqual(await statusesIn(on, talk), ['too late FAILED'])
    t.is(network.sent.length, UNANSWERED_AT_MOST)
  })

  test.serial(
    `D14: ${profile}: a platform that cannot be reached is tried again, and has each reply once`,
    async (t) => {
      const simulator = await createInstagramSimulator()
      const proxy = await createTcpProxy({ target: Number(new URL(simulator.url).port) })
      t.teardown(async () => {
        await simulator.close()
        await proxy.close()
      })
      const account = simulator.account({ webhookUrl: 'http://127.0.0.1:9/' })
      const graphUrl = `http://127.0.0.1:${proxy.port}`
      const { sender } = createInstagramChannel(
        { graphUrl, facebookGraphUrl: graphUrl, graphVersion: 'v26.0' },
        { fetch },
      )
      const on = coreOn(db, {
        send: (message, channel, abort) =>
          sender.send(
            message,
            { ...channel, account: account.id as ExternalAccountId, secrets: { accessToken: account.accessToken } },
            abort,
          ),
      })
      const inbox = await seedInbox(on.orm)
      const who = simulator.customer({ account })
      await simulator.dm(who, 'Hello', { hold: true })
      const talk = await startTalk(on, inbox, who.id)
      for (const text of ['one', 'two']) await reply(on, talk, text)
      await proxy.refuse()
      for (let round = 0; round < UNANSWERED_AT_MOST + 1; round++) {
        await pass(on, inbox)
        await workOff(on)
      }
      t.deepEqual(await statusesIn(on, talk), ['one QUEUED', 'two QUEUED'])
      t.is((await healthOf(on, inbox))?.pauseReason, 'unreachable')
      await proxy.heal()
      await pass(on, inbox)
      await workOff(on)
      t.deepEqual(await statusesIn(on, talk), ['one SENT', 'two SENT'])
      t.deepEqual(
        simulator.received(who).map(({ text }) => text),
        ['one', 'two'],
      )
    },
  )
})

test('D17: the time that an account is left alone grows, and has an end', (t) => {
  const times = Array.from({ length: 20 }, (_, more) => aloneMs(UNANSWERED_AT_MOST + more, 1))
  t.deepEqual(times.slice(0, 5), [2_000, 4_000, 8_000, 16_000, LONGEST_ALONE_MS])
  t.true(times.slice(4).every((ms) => ms === LONGEST_ALONE_MS))
  t.true(aloneMs(UNANSWERED_AT_MOST, 0) >= 1_000)
})
