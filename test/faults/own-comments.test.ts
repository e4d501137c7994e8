import test from 'ava'
import type { Delivery } from '../../src/core/channel/delivery.ts'
import type { InboundEvent } from '../../src/core/channel/inbound-event.ts'
import type { ExternalMessageId, MessageId } from '../../src/core/ids.ts'
import type { Comments, OwnReply } from '../../src/ports/channel-adapter.ts'
import { aMessage, aThread } from '../builders/events.ts'
import { coreOn, deliveryOf, seedInbox } from '../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { aGate, aNetwork, repliesIn, startTalk, type Talk, taken, workOff } from '../support/replies.ts'

const lost: Delivery = { status: 'unknown', detail: 'a test' }
const refused: Delivery = { status: 'refused', code: 'content-refused', detail: 'a test', platformCode: '506' }
const signal = new AbortController().signal

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())

  /** A comment of Ann's, public replies to it, and what the network tells of those there are. */
  async function program(answer: () => Promise<Delivery> | Delivery = () => lost) {
    const listed: OwnReply[] = []
    const comments = { own: async () => ({ status: 'found', replies: listed }) } as unknown as Comments
    const network = aNetwork(answer)
    const on = coreOn(db, { send: network.send, comments })
    const inbox = await seedInbox(on.orm)
    const talk = await startTalk(on, inbox, 'ann', 'COMMENT')
    const receive = (...events: InboundEvent[]) => on.core.receiveWebhooks([deliveryOf(inbox, events)])
    return {
      on,
      talk,
      network,
      receive,
      list: (externalId: string, text: string) =>
        listed.push({ externalId: externalId as ExternalMessageId, text, at: new Date() }),
      say: async (content: string, to: Talk = talk) => {
        await on.core.sendReply(inbox.actor, { ticketId: to.ticketId, content, audience: 'PUBLIC', via: 'INBOX' })
        await workOff(on)
      },
      /** The account's own, under Ann's comment. */
      own: (externalId: string, text: string, under = 'hello of ann') =>
        receive({
          type: 'own-comment',
          externalId: externalId as ExternalMessageId,
          under: under as ExternalMessageId,
          text,
          at: new Date(),
        }),
      check: (messageId: MessageId) =>
        on.core.checkMessage(inbox.actor, { ticketId: talk.ticketId, messageId }, signal),
      shown: async (of: Talk = talk) =>
        (await repliesIn(on, of)).map(({ content, status, externalId }) => `${content} ${status} ${externalId}`),
    }
  }

  // proves: fail.unknown-own-comment
  test.serial(
    `${profile}: a public reply in doubt is SENT once the account’s own comment is told, again or not`,
    async (t) => {
      const { say, own, shown, network, receive } = await program()
      await say('It is 20 euros')
      await own('other', 'Something else')
      await own('elsewhere', 'It is 20 euros', 'another comment')
      t.deepEqual(await shown(), ['It is 20 euros UNKNOWN null'])
      await own('ours', 'It is 20 euros')
      t.deepEqual(await shown(), ['It is 20 euros SENT ours'])
      await own('ours', 'It is 20 euros')
      await own('a second', 'It is 20 euros')
      await receive(aMessage({ externalId: 'more', thread: { ...aThread('ann'), surface: 'COMMENT' }, at: new Date() }))
      t.deepEqual(await shown(), ['It is 20 euros SENT ours'])
      t.is(network.sent.length, 1)
    },
  )

  // proves: fail.unknown-own-comment
  test.serial(`${profile}: a public reply in doubt is found among those under its comment`, async (t) => {
    const { on, talk, say, list, check, shown } = await program()
    await say('It is 20 euros')
    const [message] = await repliesIn(on, talk)
    list('other', 'Something else')
    await check(message?.id as MessageId)
    t.deepEqual(await shown(), ['It is 20 euros UNKNOWN null'])
    list('ours', 'It is 20 euros')
    await check(message?.id as MessageId)
    t.deepEqual(await shown(), ['It is 20 euros SENT ours'])
  })

  test.serial(
    `${profile}: a public reply to a reply is proved under the top-level comment, in its own conversation`,
    async (t) => {
      const { on, talk, say, own, shown, receive } = await program()
      const thread = { ...aThread('bob'), surface: 'COMMENT' } as const
      const bob = await startTalk(on, talk.inbox, 'bob', 'COMMENT')
      const hello = {
        externalId: 'reply of bob',
        replyToExternalId: 'hello of ann' as ExternalMessageId,
        kind: 'COMMENT',
      } as const
      await receive(aMessage({ ...hello, thread, at: new Date(Date.now() + 1_000) }))
      await say('In blue too', bob)
      t.deepEqual(await shown(bob), ['In blue too UNKNOWN null'])
      await own('under bob', 'In blue too', 'reply of bob')
      t.deepEqual(await shown(bob), ['In blue too UNKNOWN null'])
      await own('under ann', 'In blue too')
      t.deepEqual(await shown(bob), ['In blue too SENT under ann'])
      t.deepEqual(await shown(), [])
    },
  )

  test.serial(`${profile}: a comment told before the answer is one message; typed elsewhere it is none`, async (t) => {
    for (const [answer, expected] of [
      [taken({} as never, 'ours' as ExternalMessageId), 'Good day SENT ours'],
      [taken({} as never, 'another' as ExternalMessageId), 'Good day SENT another'],
      [refused, 'Good day FAILED null'],
      [lost, 'Good day SENT ours'],
    ] as const) {
      const gate = aGate<Delivery>()
      const { say, own, shown } = await program(gate.pass)
      const said = say('Good day')
      await gate.reached
      await own('ours', 'Good day')
      t.deepEqual(await shown(), ['Good day SENT ours'])
      gate.open(answer)
      await said
      t.deepEqual(await shown(), [expected])
    }
  })
})
