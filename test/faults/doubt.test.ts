import test from 'ava'
import { inOrganization } from '../../src/adapters/persistence/transaction.ts'
import type { Delivery, OutboundMessage } from '../../src/core/channel/delivery.ts'
import type { ExternalMessageId, ExternalUserId, MessageId } from '../../src/core/ids.ts'
import type { DoubtJob } from '../../src/core/message/check-doubt.ts'
import type { HistoryAnswer, HistoryMessage, HistoryMessages, HistoryReader } from '../../src/ports/channel-adapter.ts'
import type { JobOutcome } from '../../src/ports/job-queue.ts'
import type { MessageView } from '../../src/ports/views.ts'
import { anEcho, aThread } from '../builders/events.ts'
import { type CoreOnDatabase, coreOn, deliveryOf, type Inbox, seedInbox } from '../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { aNetwork, repliesIn, reply, startTalk, type Talk, taken, textOf, workOff } from '../support/replies.ts'

const lost: Delivery = { status: 'unknown', detail: 'a test' }
const signal = new AbortController().signal
/** In seconds, rounded up to tens: the clock goes on while a busy machine works. */
const inTens = (ms: number): number => Math.ceil(ms / 10_000) * 10

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())

  /** A program whose clock the test moves, and a network that may list what it was given. */
  async function program(answers: (message: OutboundMessage, id: ExternalMessageId) => Delivery = () => lost) {
    let aheadMs = 0
    let reads = 0
    const listed: HistoryMessage[] = []
    let refusal: Exclude<HistoryAnswer<HistoryMessages>, { status: 'found' }> | null = null
    const clock = { now: () => new Date(Date.now() + aheadMs), monotonicMs: () => performance.now() }
    const network = aNetwork(answers)
    const history = {
      callsPerSecond: 1_000,
      withPerson: async () => {
        reads += 1
        return refusal ?? { status: 'found', messages: listed }
      },
    } as unknown as HistoryReader
    const on = coreOn(db, { clock, send: network.send, history })
    const inbox = await seedInbox(on.orm)
    const talk = await startTalk(on, inbox, 'ann')
    return {
      on,
      clock,
      inbox,
      talk,
      network,
      /** Lanes are held by the server's clock, which nobody moves. */
      pass: async (seconds: number) => {
        aheadMs += seconds * 1_000
        await on.pool.query(
          `update send_lanes set lease_until = lease_until - $2 * interval '1 second' where org_id = $1 and state = 'HELD'`,
          [inbox.orgId, seconds],
        )
        await workOff(on)
      },
      /** Also what was typed on the phone. */
      list: (externalId: string, text: string, author: 'ACCOUNT' | 'CUSTOMER' = 'ACCOUNT', at = clock.now()) =>
        listed.push({
          externalId: externalId as ExternalMessageId,
          text,
          at,
          author,
          attachments: [],
          person: { externalId: 'ann' as ExternalUserId, username: null, name: null },
        } as unknown as HistoryMessage),
      refuse: (answer: typeof refusal) => (refusal = answer),
      reads: () => reads,
      check: (attempt = 1) => checkAll(on, inbox, attempt),
      tell: () => on.core.tellUnconfirmed(),
      /** How often readers were told of a doubt. */
      told: async () => {
        const events = await inOrganization(on.orm, inbox.orgId, (tx) =>
          tx.rows(`select 1 from event_log where type = 'message.delivery_unconfirmed'`),
        )
        return events.length
      },
      echo: (externalId: string, text: string, at = clock.now()) =>
        on.core.receiveWebhooks([deliveryOf(inbox, [anEcho({ externalId, text, at, thread: aThread('ann') })])]),
      say: async (...texts: string[]) => {
        for (const text of texts) await reply(on, talk, text)
        await workOff(on)
      },
      shown: () => repliesIn(on, talk),
    }
  }

  /** The jobs that were planned, as the outbound role would do them. */
  async function checkAll(on: CoreOnDatabase, { orgId }: Inbox, attempt: number): Promise<readonly JobOutcome[]> {
    const { rows } = await on.pool.query<{ payload: Buffer }>(
      `select payload from jobs where queue = 'doubt-check' order by run_at`,
    )
    const jobs = rows.map(({ payload }) => JSON.parse(payload.toString()) as DoubtJob)
    const outcomes: JobOutcome[] = []
    for (const job of jobs.filter((one) => one.orgId === orgId))
      outcomes.push(await on.core.checkDoubt(job, attempt, signal))
    return outcomes
  }

  const inShort = (messages: readonly MessageView[]) =>
    messages.map(({ content, status, externalId }) => `${content} ${status} ${externalId}`)
  const again = (on: CoreOnDatabase, { inbox, ticketId }: Talk, messageId: MessageId | undefined) =>
    on.core.sendAgain(inbox.actor, { ticketId, messageId: messageId as MessageId, via: 'INBOX' })

  // proves: fail.unknown-read
  test.serial(
    `D12, D13: ${profile}: a reply in doubt that the platform lists is SENT under the id that it has there`,
    async (t) => {
      const { list, check, say, shown } = await program()
      await say('Good day')
      list('theirs', 'Good day', 'CUSTOMER')
      list('other', 'Something else')
      list('mid', 'Good day')
      await check()
      t.deepEqual(await check(), [{ status: 'done' }])
      t.deepEqual(inShort(await shown()), ['Good day SENT mid'])
    },
  )

  test.serial(
    `${profile}: one that is not listed stays in doubt, is looked for three times, and is told of once`,
    async (t) => {
      const { on, clock, check, say, shown, pass, reads, tell, told } = await program()
      await say('Good day')
      const waits = async () =>
        (await check()).map((outcome) => ('afterMs' in outcome ? inTens(outcome.afterMs) : outcome.status))
      await pass(15)
      t.deepEqual(await waits(), [60])
      await pass(60)
      t.deepEqual(await waits(), [50])
      await tell()
      t.like((await shown())[0], { status: 'UNKNOWN', failure: null, actions: [] })
      t.is(await told(), 0)
      await pass(15)
      // By two processes at once.
      await Promise.all([tell(), coreOn(db, { beside: on, clock }).core.tellUnconfirmed()])
      t.like((await shown())[0], { status: 'UNKNOWN', actions: ['CHECK_AGAIN', 'SEND_AGAIN'] })
      t.like((await shown())[0]?.failure, { code: 'delivery-unknown', retryable: false })
      t.is(await told(), 1)
      await pass(31)
      t.deepEqual(await waits(), ['done'])
      t.is(reads(), 3)
      await tell()
      t.is(await told(), 1)
    },
  )

  test.serial(
    `D12, D13: ${profile}: one that cannot be looked for, or whose job is lost, is told of all the same, and once`,
    async (t) => {
      const { on, check, say, shown, pass, refuse, tell, told } = await program()
      await say('Good day')
      refuse({ status: 'retry', afterMs: 3_600_000, detail: 'busy' })
      const waits = async (attempt: number) =>
        (await check(attempt)).map((outcome) =>
          'afterMs' in outcome ? `${outcome.status} ${inTens(outcome.afterMs)}` : outcome.status,
        )
      await pass(15)
      t.deepEqual(await waits(1), ['retry 110'])
      t.deepEqual(await waits(8), ['wait 110'])
      await pass(106)
      t.deepEqual(await waits(2), ['retry 3600'])
      await on.pool.query(`delete from jobs where queue = 'doubt-check'`)
      await tell()
      await tell()
      t.like((await shown())[0], { status: 'UNKNOWN', actions: ['CHECK_AGAIN', 'SEND_AGAIN'] })
      t.is(await told(), 1)
    },
  )

  test.serial(
    `D12, D13: ${profile}: one that was told of is SENT by a late echo, and told of again should it be in doubt again`,
    async (t) => {
      let isLost = true
      const { on, pass, say, shown, echo, tell, told } = await program(() =>
        isLost ? lost : { status: 'accepted', externalId: 'mid' as ExternalMessageId },
      )
      await say('ok')
      await pass(91)
      await tell()
      await echo('mid', 'ok')
      t.like((await shown())[0], { status: 'SENT', failure: null, actions: [] })
      // What was taken for it by its words is the next one: the platform says so.
      isLost = false
      await say('ok')
      t.deepEqual(inShort(await shown()).sort(), ['ok SENT mid', 'ok UNKNOWN null'])
      t.is(await told(), 1)
      await pass(91)
      await tell()
      t.is(await told(), 2)
      t.deepEqual(on.log.of('error'), [])
    },
  )

  test.serial(`${profile}: two of the same words are two, each under an id of its own, in their order`, async (t) => {
    const { list, check, say, shown, pass } = await program()
    await say('ok')
    list('first', 'ok')
    await pass(121)
    await say('ok')
    list('second', 'ok')
    await check()
    t.deepEqual(inShort(await shown()), ['ok SENT first', 'ok SENT second'])
  })

  test.serial(
    `${profile}: one listed message proves one of two, and what was typed on the phone proves none`,
    async (t) => {
      const { list, check, say, shown, pass, echo } = await program()
      await say('ok')
      await pass(121)
      await say('ok')
      await echo('typed', 'not the same')
      list('typed', 'not the same')
      list('only', 'ok')
      await check()
      await check()
      const messages = await shown()
      t.is(messages.filter(({ status, content }) => content === 'ok' && status === 'SENT').length, 1)
      t.is(messages.filter(({ status }) => status === 'UNKNOWN').length, 1)
      t.is(messages.filter(({ externalId }) => externalId === 'only').length, 1)
    },
  )

  test.serial(`${profile}: an id that a message has already proves nothing`, async (t) => {
    const { list, check, say, shown, network } = await program((message, id) =>
      textOf(message) === 'ok' && network.sent.length === 1 ? taken(message, id) : lost,
    )
    await say('ok')
    const [first] = await shown()
    await say('ok')
    list(first?.externalId ?? '', 'ok')
    await check()
    t.deepEqual((await shown()).map(({ status }) => status).sort(), ['SENT', 'UNKNOWN'])
  })

  test.serial(
    `D12, D13: ${profile}: while the platform cannot be read nothing is sent again, and what it lists then counts`,
    async (t) => {
      const { list, check, say, shown, refuse, network } = await program()
      await say('Good day')
      refuse({ status: 'retry', afterMs: 3_000, detail: 'busy' })
      t.deepEqual(await check(), [{ status: 'retry', afterMs: 3_000, reason: 'busy' }])
      refuse(null)
      list('mid', 'Good day')
      await check(2)
      t.deepEqual(inShort(await shown()), ['Good day SENT mid'])
      t.is(network.sent.length, 1)
    },
  )

  test.serial(`${profile}: checking by hand looks at once; a refused token waits for another`, async (t) => {
    const { on, inbox, talk, list, say, shown, refuse } = await program()
    await say('Good day')
    const messageId = (await shown())[0]?.id as MessageId
    const check = () => on.core.checkMessage(inbox.actor, { ticketId: talk.ticketId, messageId }, signal)
    t.deepEqual(await check(), { isChecked: true })
    t.is((await shown())[0]?.status, 'UNKNOWN')
    refuse({ status: 'withheld', reason: 'credentials-rejected', alert: true, detail: 'no' })
    t.deepEqual(await check(), { isChecked: false })
    t.is((await on.queries.channel(inbox.orgId, inbox.channelId))?.status, 'NEEDS_REAUTH')
    refuse(null)
    await on.core.updateChannel(inbox.actor, inbox.channelId, { config: { accessToken: 'new' } })
    list('mid', 'Good day')
    t.deepEqual(await check(), { isChecked: true })
    t.deepEqual(inShort(await shown()), ['Good day SENT mid'])
  })

  // proves: fail.unknown-shown
  test.serial(
    `${profile}: sending again is for after a minute and a half, once, and makes a message of its own`,
    async (t) => {
      let isLost = true
      const { on, inbox, talk, pass, say, shown, network, echo } = await program((message, id) =>
        isLost ? lost : taken(message, id),
      )
      await say('Good day')
      const [first] = await shown()
      await pass(85)
      t.like(await t.throwsAsync(again(on, talk, first?.id)), { code: 'still-checking' })
      await pass(6)
      isLost = false
      const id = await again(on, talk, first?.id)
      t.like(await t.throwsAsync(again(on, talk, first?.id)), { code: 'already-sent-again', extra: { messageId: id } })
      // The first one holds it back for its two minutes.
      await workOff(on)
      t.is(network.sent.length, 1)
      await pass(30)
      const [one, two] = await shown()
      t.like(one, { status: 'UNKNOWN', resentAs: id, resendOf: null, actions: ['CHECK_AGAIN'] })
      t.like(two, { id, status: 'SENT', resendOf: first?.id, content: 'Good day' })
      t.is(network.sent.length, 2)
      t.like(await t.throwsAsync(again(on, talk, id)), { code: 'not-unknown' })
      // The first one arrived after all: both are shown, each with its own id.
      await echo('late', 'Good day', new Date())
      t.deepEqual(inShort(await shown()).sort(), [`Good day SENT ${two?.externalId}`, 'Good day SENT late'].sort())
      const audited = await inOrganization(on.orm, inbox.orgId, (tx) =>
        tx.rows<{ resource_id: string }>(`select resource_id from audit_log where action = 'message.sent_again'`),
      )
      t.deepEqual(
        audited.map(({ resource_id }) => resource_id),
        [first?.id],
      )
    },
  )

  test.serial(`${profile}: what may not be sent now is not sent again either`, async (t) => {
    const { on, talk, pass, say, shown, network } = await program()
    await say('Good day')
    await pass(25 * 3_600)
    const [first] = await shown()
    t.like(await t.throwsAsync(again(on, talk, first?.id)), { code: 'messaging-window-closed' })
    t.is(network.sent.length, 1)
  })
})
