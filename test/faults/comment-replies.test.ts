import test from 'ava'
import type { Delivery, OutboundMessage } from '../../src/core/channel/delivery.ts'
import type { MessageId } from '../../src/core/ids.ts'
import { aMessage, aThread } from '../builders/events.ts'
import { type CoreOnDatabase, coreOn, deliveryOf, type Inbox, seedInbox } from '../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { all } from '../support/inbox-state.ts'
import { aNetwork, reply, startTalk, statusesIn, type Talk, textOf, workOff } from '../support/replies.ts'

const HOUR_MS = 3_600_000
const refused: Delivery = { status: 'refused', code: 'recipient-unavailable', detail: 'a test', platformCode: '551' }

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())

  /** A program whose clock the test moves. */
  const program = (answers?: (message: OutboundMessage) => Delivery | null) => {
    let aheadMs = 0
    const clock = { now: () => new Date(Date.now() + aheadMs), monotonicMs: () => performance.now() }
    const network = aNetwork((message, externalId) => answers?.(message) ?? { status: 'accepted', externalId })
    const on = coreOn(db, { clock, send: network.send })
    const sent = () => network.sent.map(({ message }) => `${textOf(message)} to ${message.recipient.externalId}`)
    return { on, sent, now: clock.now, pass: (hours: number) => (aheadMs += hours * HOUR_MS) }
  }

  const comment = ({ core }: CoreOnDatabase, inbox: Inbox, person: string, externalId: string, at: Date) =>
    core.receiveWebhooks([
      deliveryOf(inbox, [
        aMessage({ externalId, at, kind: 'COMMENT', thread: { ...aThread(person), surface: 'COMMENT' } }),
      ]),
    ])

  const idOf = async ({ queries }: CoreOnDatabase, { inbox, ticketId }: Talk, externalId: string) => {
    const messages = await all(async (page) => {
      const found = await queries.messages(inbox.orgId, ticketId, 'asc', page)
      if (found === null) throw new Error('the ticket is gone')
      return found
    })
    return messages.find((message) => message.externalId === externalId)?.id as MessageId
  }

  test.serial(
    `${profile}: a FAILED private reply is not tried again once another has answered its comment`,
    async (t) => {
      const { on, sent, now } = program((message) => (textOf(message) === 'one' ? refused : null))
      const inbox = await seedInbox(on.orm)
      const talk = await startTalk(on, inbox, 'dora', 'COMMENT')
      const failed = await reply(on, talk, 'one')
      await workOff(on)
      await reply(on, talk, 'two')
      await workOff(on)
      await comment(on, inbox, 'dora', 'comment B', now())
      await t.throwsAsync(on.core.retryMessage(inbox.actor, { ticketId: talk.ticketId, messageId: failed }), {
        code: 'comment-reply-used',
      })
      await workOff(on)
      t.deepEqual(sent(), ['one to hello of dora', 'two to hello of dora'])
    },
  )

  test.serial(
    `${profile}: a FAILED private reply is tried again on its own comment, whatever was written and answered since`,
    async (t) => {
      let isRefused = true
      const { on, sent, now } = program((message) => (textOf(message) === 'one' && isRefused ? refused : null))
      const inbox = await seedInbox(on.orm)
      const talk = await startTalk(on, inbox, 'dan', 'COMMENT')
      const failed = await reply(on, talk, 'one')
      await workOff(on)
      await comment(on, inbox, 'dan', 'comment B', now())
      await reply(on, talk, 'two')
      await workOff(on)
      isRefused = false
      await on.core.retryMessage(inbox.actor, { ticketId: talk.ticketId, messageId: failed })
      await workOff(on)
      t.deepEqual(sent(), ['one to hello of dan', 'two to comment B', 'one to hello of dan'])
    },
  )

  test.serial(
    `${profile}: a private reply that waited too long fails, though the person has commented again`,
    async (t) => {
      const { on, sent, now, pass } = program()
      const inbox = await seedInbox(on.orm)
      const talk = await startTalk(on, inbox, 'ann', 'COMMENT')
      pass(167)
      await reply(on, talk, 'to the first')
      pass(2)
      await comment(on, inbox, 'ann', 'comment B', now())
      await workOff(on)
      t.deepEqual(sent(), [])
      t.deepEqual(await statusesIn(on, talk), ['to the first FAILED'])
      await reply(on, talk, 'to the second')
      await workOff(on)
      t.deepEqual(sent(), ['to the second to comment B'])
    },
  )

  test.serial(`${profile}: the newest comment without an answer is answered, or the one that is named`, async (t) => {
    const { on, sent, now } = program()
    const inbox = await seedInbox(on.orm)
    const talk = await startTalk(on, inbox, 'eve', 'COMMENT')
    await comment(on, inbox, 'eve', 'comment B', now())
    await comment(on, inbox, 'eve', 'comment C', new Date(now().getTime() + 1))
    const { ticketId } = talk
    const named = (externalId: string) => idOf(on, talk, externalId)
    await on.core.sendReply(inbox.actor, {
      ticketId,
      content: 'one',
      replyToMessageId: await named('comment B'),
      via: 'API',
    })
    await reply(on, talk, 'two')
    await reply(on, talk, 'three')
    await workOff(on)
    t.deepEqual(sent(), ['one to comment B', 'two to comment C', 'three to hello of eve'])
    const again = await named('comment B')
    await t.throwsAsync(reply(on, talk, 'four'), { code: 'comment-reply-used' })
    await t.throwsAsync(
      on.core.sendReply(inbox.actor, { ticketId, content: 'five', replyToMessageId: again, via: 'API' }),
      { code: 'comment-reply-used' },
    )
    await t.throwsAsync(
      on.core.sendReply(inbox.actor, { ticketId, content: 'six', replyToMessageId: ticketId, via: 'API' }),
      { code: 'capability-missing' },
    )
  })
})
