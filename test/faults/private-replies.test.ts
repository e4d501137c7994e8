import test from 'ava'
import type { Delivery, OutboundMessage } from '../../src/core/channel/delivery.ts'
import type { InboundEvent } from '../../src/core/channel/inbound-event.ts'
import type { MessageId, TicketId } from '../../src/core/ids.ts'
import { aMessage, anEcho, aThread } from '../builders/events.ts'
import { coreOn, deliveryOf, seedInbox } from '../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { all, inboxState } from '../support/inbox-state.ts'
import { aGate, aNetwork, textOf, workOff } from '../support/replies.ts'

const HOUR_MS = 3_600_000
const refused: Delivery = { status: 'refused', code: 'comment-gone', detail: 'a test', platformCode: '100/33' }
const unanswered: Delivery = { status: 'unknown', detail: 'a test' }

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())

  /** An inbox of its own with one customer, and a clock that the test moves. */
  async function aDesk(answers?: (message: OutboundMessage) => Promise<Delivery | null> | Delivery | null) {
    let aheadMs = 0
    const now = () => new Date(Date.now() + aheadMs)
    const network = aNetwork(
      async (message, externalId) => (await answers?.(message)) ?? { status: 'accepted', externalId },
    )
    const on = coreOn(db, { clock: { now, monotonicMs: () => performance.now() }, send: network.send })
    const inbox = await seedInbox(on.orm)
    const { actor, orgId } = inbox
    const receive = (...events: InboundEvent[]) => on.core.receiveWebhooks([deliveryOf(inbox, events)])
    const tickets = async () =>
      (await all((page) => on.queries.tickets(orgId, {}, page))).toSorted((a, b) => a.number - b.number)
    const ticket = async (number: number) => {
      const found = (await tickets()).find((one) => one.number === number)
      if (!found) throw new Error(`there is no ticket ${number}`)
      return found
    }
    const messages = async (ticketId: TicketId) =>
      all(async (page) => {
        const found = await on.queries.messages(orgId, ticketId, 'asc', page)
        if (found === null) throw new Error('the ticket is gone')
        return found
      })
    return {
      on,
      inbox,
      now,
      pass: (hours: number) => (aheadMs += hours * HOUR_MS),
      receive,
      comment: (externalId: string, post = 'post', at = now()) =>
        receive(
          aMessage({
            ...{ externalId, text: externalId, at, kind: 'COMMENT' },
            thread: { ...aThread('ann'), surface: 'COMMENT', key: `${post}:ann` },
          }),
        ),
      wrote: (externalId: string, at = now()) => receive(aMessage({ externalId, text: externalId, at })),
      ticket,
      tickets,
      messagesOn: messages,
      /** What was sent from a ticket and is shown on another. */
      linkedTo: async (ticketId: TicketId) => {
        const shown = await Promise.all((await tickets()).map(({ id }) => messages(id)))
        const linked = shown.flat().filter(({ linkedTicketId }) => linkedTicketId === ticketId)
        return linked.toSorted((a, b) => a.sentAt.getTime() - b.sentAt.getTime())
      },
      reply: async (
        number: number,
        content: string,
        more: Readonly<{ replyToMessageId?: MessageId; clientMessageId?: string }> = {},
      ) => {
        const { messageId } = await on.core.sendReply(actor, {
          ...{ ticketId: (await ticket(number)).id, content, via: 'INBOX' },
          ...more,
        })
        await workOff(on)
        return messageId
      },
      queue: async (number: number, content: string) =>
        on.core.sendReply(actor, { ticketId: (await ticket(number)).id, content, via: 'INBOX' }),
      set: async (number: number, status: 'RESOLVED' | 'OPEN') =>
        on.core.updateTicket(actor, { ticketId: (await ticket(number)).id, status }),
      /** What each ticket shows. */
      shown: async () =>
        Promise.all(
          (await tickets()).map(
            async ({ id, number, kind, status }) =>
              `${number} ${kind} ${status}: ${(await messages(id)).map(({ content }) => content).join(', ')}`,
          ),
        ),
      messages: async (number: number) => messages((await ticket(number)).id),
      notices: async () =>
        (await all((page) => on.queries.notifications(orgId, actor.memberId, {}, page)))
          .map(({ type }) => type)
          .toReversed(),
      sent: () => network.sent.map(({ message }) => `${textOf(message)} to ${message.recipient.externalId}`),
      lastSent: () => network.sent.at(-1),
    }
  }

  test.serial(
    `${profile}: for six days and more a comment can be answered, whatever the direct messages’ window is`,
    async (t) => {
      const desk = await aDesk()
      await desk.comment('how much?')
      desk.pass(6 * 24)
      await desk.reply(1, 'we wrote to you')
      t.deepEqual(desk.sent(), ['we wrote to you to how much?'])
      t.is((await desk.messages(1))[1]?.status, 'SENT')
      await desk.comment('another?', 'post 2')
      desk.pass(7 * 24 + 1)
      t.like((await desk.ticket(2)).window, { state: 'CLOSED', reason: '168 hours have passed since the comment' })
      const late = await t.throwsAsync(desk.reply(2, 'too late'))
      t.like(late, { code: 'messaging-window-closed' })
      t.true(late?.message.includes('A new comment from the customer can be answered'))
    },
  )

  // proves: out.private-reply-answered
  test.serial(
    `${profile}: the answer to a private reply continues on the comment’s ticket, and so does the talk`,
    async (t) => {
      const desk = await aDesk()
      await desk.comment('how much?')
      t.like((await desk.ticket(1)).window, { state: 'OPEN', humanAgentUntil: null })
      t.is((await desk.ticket(1)).capabilities?.maxParts, 1)
      await desk.reply(1, 'we wrote to you')
      t.like(await desk.ticket(1), {
        window: {
          ...{ state: 'CLOSED', closesAt: null, humanAgentUntil: null },
          reason: 'every comment here was answered privately, which is possible once',
        },
        linkedTicketId: null,
      })
      const again = await t.throwsAsync(desk.reply(1, 'once more'))
      t.like(again, { code: 'comment-reply-used' })
      t.true(again?.message.includes('a direct message of theirs opens the way'))

      await desk.wrote('thanks, and in blue?')
      t.deepEqual(await desk.shown(), ['1 COMMENT OPEN: how much?, we wrote to you, thanks, and in blue?'])
      t.deepEqual(await desk.notices(), ['TICKET_NEW_UNASSIGNED', 'CUSTOMER_REPLIED'])
      const answered = await desk.ticket(1)
      t.like(answered, { unreadCount: 1, lastMessagePreview: 'thanks, and in blue?', linkedTicketId: null })
      t.like(answered.window, { state: 'OPEN', reason: 'customer message' })
      t.true((answered.window?.closesAt?.getTime() ?? 0) <= desk.now().getTime() + 24 * HOUR_MS)
      // Both at once: what direct messages carry, and what belongs under a comment.
      t.like(answered.capabilities, { maxParts: 25, publicReply: { maxChars: 300 } })
      t.true(answered.capabilities?.commentActions.includes('HIDE'))

      await desk.reply(1, 'in blue too')
      t.is((await desk.ticket(1)).unreadCount, 0)
      const [comment] = await desk.messages(1)
      await t.throwsAsync(desk.reply(1, 'once more', { replyToMessageId: comment?.id as MessageId }), {
        code: 'comment-reply-used',
      })
      t.deepEqual(desk.sent(), ['we wrote to you to how much?', 'in blue too to ann'])
      t.deepEqual(await desk.shown(), ['1 COMMENT OPEN: how much?, we wrote to you, thanks, and in blue?, in blue too'])

      // The echo of each is the message that is there, and what is read in the conversation is read on the ticket.
      const sent = await desk.messages(1)
      const told = sent
        .filter(({ direction }) => direction === 'OUTBOUND')
        .map(({ externalId }) => externalId as string)
      await desk.receive(...told.map((externalId) => anEcho({ externalId, at: desk.now() })))
      await desk.receive({ type: 'read', externalId: told[1] as never, at: desk.now() })
      t.deepEqual(
        (await desk.messages(1)).map(({ status }) => status),
        ['RECEIVED', 'READ', 'RECEIVED', 'READ'],
      )
      // A day later only a new comment can be answered.
      desk.pass(25)
      t.like((await desk.ticket(1)).window, { state: 'CLOSED' })
      t.like(await t.throwsAsync(desk.reply(1, 'too late')), { code: 'messaging-window-closed' })
      await desk.comment('still there?')
      t.like((await desk.ticket(1)).window, { state: 'OPEN', reason: 'comment' })
      await desk.reply(1, 'we are')
      t.is(desk.sent().at(-1), 'we are to still there?')
    },
  )

  test.serial(`${profile}: with an open DM ticket the private reply and its answer are there, linked`, async (t) => {
    const desk = await aDesk()
    await desk.wrote('hello')
    await desk.comment('how much?')
    const clientMessageId = '0190a000-0000-7000-8000-00000000000c'
    const [direct, comments] = [await desk.ticket(1), await desk.ticket(2)]
    const id = await desk.reply(2, 'we wrote to you', { clientMessageId })
    t.is(await desk.reply(2, 'we wrote to you', { clientMessageId }), id)
    await desk.wrote('thanks')
    t.deepEqual(await desk.shown(), ['1 DM OPEN: hello, we wrote to you, thanks', '2 COMMENT OPEN: how much?'])
    t.deepEqual(desk.sent(), ['we wrote to you to how much?'])
    const [, reply] = await desk.messages(1)
    t.like(reply, { ticketId: direct.id, linkedTicketId: comments.id, status: 'SENT', replyToExternalId: 'how much?' })
    // Asked for where it was sent from, it is found as well.
    t.is((await desk.on.queries.message(desk.inbox.orgId, comments.id, id))?.ticketId, direct.id)
    t.like(await desk.ticket(2), { linkedTicketId: direct.id, unreadCount: 0, window: { state: 'CLOSED' } })
    t.like(await desk.ticket(1), { linkedTicketId: null, unreadCount: 1 })
    await t.throwsAsync(desk.reply(2, 'once more'), { code: 'comment-reply-used' })
    await desk.reply(1, 'you are welcome')
    t.is(desk.sent().at(-1), 'you are welcome to ann')
  })

  test.serial(
    `${profile}: a resolved ticket is reopened by the answer for 72 hours, then there is one of its own`,
    async (t) => {
      const desk = await aDesk()
      await desk.comment('how much?')
      await desk.reply(1, 'we wrote to you')
      await desk.set(1, 'RESOLVED')
      desk.pass(71)
      await desk.wrote('thanks')
      t.deepEqual(await desk.shown(), ['1 COMMENT OPEN: how much?, we wrote to you, thanks'])
      await desk.set(1, 'RESOLVED')
      desk.pass(73)
      await desk.wrote('hello again')
      t.deepEqual(await desk.shown(), [
        '1 COMMENT RESOLVED: how much?, we wrote to you, thanks',
        '2 DM OPEN: hello again',
      ])
      t.is((await desk.ticket(2)).previousTicketId, (await desk.ticket(1)).id)
      // From now on it is the one that direct messages go on with.
      await desk.set(2, 'RESOLVED')
      await desk.set(1, 'OPEN')
      desk.pass(1)
      await desk.wrote('and again')
      t.deepEqual((await desk.shown())[1], '2 DM OPEN: hello again, and again')
    },
  )

  test.serial(
    `${profile}: of several comments’ tickets the answer continues on that of the newest private reply`,
    async (t) => {
      const desk = await aDesk()
      await desk.comment('one?', 'post 1')
      await desk.comment('two?', 'post 2')
      await desk.reply(2, 'to two')
      await desk.reply(1, 'to one')
      await desk.wrote('thanks')
      t.deepEqual(await desk.shown(), ['1 COMMENT OPEN: one?, to one, thanks', '2 COMMENT OPEN: two?, to two'])
      // A new comment under the post, after its ticket was resolved long ago, has the ticket that goes on.
      await desk.set(1, 'RESOLVED')
      desk.pass(80)
      await desk.comment('one more?', 'post 1')
      await desk.wrote('are you there?')
      t.deepEqual((await desk.shown())[2], '3 COMMENT OPEN: one more?, are you there?')
    },
  )

  for (const [how, answer, shows] of [
    ['before the platform’s answer', null, 'SENT'],
    ['while it is in doubt', unanswered, 'UNKNOWN'],
  ] as const) {
    test.serial(`${profile}: the customer’s answer may come ${how}`, async (t) => {
      const gate = aGate<void>()
      const desk = await aDesk(async () => {
        if (answer === null) await gate.pass()
        return answer
      })
      await desk.comment('how much?')
      await desk.queue(1, 'we wrote to you')
      const working = workOff(desk.on)
      if (answer === null) await gate.reached
      else await working
      await desk.wrote('thanks')
      gate.open()
      await working
      t.deepEqual(await desk.shown(), ['1 COMMENT OPEN: how much?, we wrote to you, thanks'])
      t.is((await desk.messages(1))[1]?.status, shows)
      // An echo in other words is taken for somebody else's at first; it makes no ticket, and goes with the answer.
      const { externalId } = desk.lastSent() ?? {}
      await desk.receive(anEcho({ externalId: externalId as string, text: 'we wrote to you', at: desk.now() }))
      t.is((await desk.shown()).length, 1)
      t.is((await desk.messages(1))[1]?.status, 'SENT')
    })
  }

  test.serial(`${profile}: an echo that is not recognised at first leaves no ticket behind`, async (t) => {
    const gate = aGate<void>()
    const desk = await aDesk(async () => {
      await gate.pass()
      return null
    })
    await desk.comment('how much?')
    await desk.queue(1, 'we wrote to you')
    const working = workOff(desk.on)
    await gate.reached
    const externalId = desk.lastSent()?.externalId as string
    await desk.receive(anEcho({ externalId, text: 'in other words', at: desk.now() }))
    t.deepEqual(await desk.shown(), ['1 COMMENT OPEN: how much?, we wrote to you, in other words'])
    gate.open()
    await working
    t.deepEqual(await desk.shown(), ['1 COMMENT OPEN: how much?, we wrote to you'])
  })

  test.serial(`${profile}: what was not sent, and what was written elsewhere, joins nothing`, async (t) => {
    const desk = await aDesk(() => refused)
    await desk.comment('how much?')
    await desk.reply(1, 'we wrote to you')
    t.is((await desk.messages(1))[1]?.status, 'FAILED')
    // Of the phone nothing tells that it answers a comment.
    await desk.receive(anEcho({ externalId: 'from the phone', text: 'from the phone', at: desk.now() }))
    t.deepEqual((await desk.shown())[1], '2 DM PENDING: from the phone')
    await desk.wrote('thanks')
    t.deepEqual((await desk.shown())[1], '2 DM OPEN: from the phone, thanks')
  })

  test.serial(`${profile}: what comes again changes nothing, whatever came between`, async (t) => {
    const desk = await aDesk()
    const events = [
      () => desk.comment('how much?', 'post', new Date(desk.now().getTime() - 5_000)),
      () => desk.wrote('thanks', new Date(desk.now().getTime() - 1_000)),
    ]
    await events[0]?.()
    await desk.reply(1, 'we wrote to you')
    await events[1]?.()
    await desk.reply(1, 'you are welcome')
    await desk.set(1, 'RESOLVED')
    const before = await inboxState(desk.on.queries, desk.inbox.orgId)
    for (const event of events.toReversed()) await event()
    for (const event of events) await event()
    t.deepEqual(await inboxState(desk.on.queries, desk.inbox.orgId), before)
  })

  test.serial(
    `${profile}: comments, answers, replies and resolutions at once leave one ticket each open, and nothing undone`,
    async (t) => {
      const desk = await aDesk()
      const others = [1, 2, 3].map(() => coreOn(db, { beside: desk.on, send: aNetwork().send }))
      await desk.comment('c0', 'post 0')
      await desk.comment('c1', 'post 1')
      const work = async (core: typeof desk.on.core, who: number) => {
        for (let step = 0; step < 5; step++) {
          const at = new Date()
          const thread = { ...aThread('ann'), surface: 'COMMENT' as const, key: `post ${step % 2}:ann` }
          const externalId = `${who} ${step}`
          await core.receiveWebhooks([
            deliveryOf(desk.inbox, [
              aMessage({ externalId: `c ${externalId}`, text: 'c', kind: 'COMMENT', thread, at }),
              aMessage({ externalId: `m ${externalId}`, text: 'm', at }),
            ]),
          ])
          const ticketId = (await desk.ticket((step % 2) + 1)).id
          await core
            .sendReply(desk.inbox.actor, { ticketId, content: `r ${externalId}`, via: 'INBOX' })
            .catch((error) => error.code ?? Promise.reject(error))
          await core
            .updateTicket(desk.inbox.actor, { ticketId, status: step % 3 === 0 ? 'RESOLVED' : 'OPEN' })
            .catch((error) => error.code ?? Promise.reject(error))
          const begun = await core.deliverDue(5, new AbortController().signal)
          await Promise.all(begun)
        }
      }
      await Promise.all([desk.on, ...others].map(({ core }, who) => work(core, who)))
      await workOff(desk.on)
      t.deepEqual(desk.on.log.of('error'), [])
      const shown = (await desk.shown()).flatMap((line) => line.slice(line.indexOf(':') + 2).split(', '))
      t.is(shown.filter((content) => content === 'm').length, 20)
      t.is(shown.filter((content) => content === 'c').length, 20)
      // What a ticket says of its messages is true of them, whoever changed the last of it.
      for (const { id, lastMessageAt, lastMessagePreview, status, unreadCount } of await desk.tickets()) {
        const found = await desk.messagesOn(id)
        t.like(
          { at: lastMessageAt, content: lastMessagePreview },
          { at: found.at(-1)?.sentAt, content: found.at(-1)?.content },
        )
        const answered = found.findLastIndex(({ direction }) => direction === 'OUTBOUND')
        const linked = (await desk.linkedTo(id)).at(-1)?.sentAt ?? null
        const unread = found.slice(answered + 1).filter(({ sentAt }) => linked === null || sentAt > linked)
        t.is(unreadCount, status === 'RESOLVED' ? 0 : unread.length)
      }
    },
  )
})
