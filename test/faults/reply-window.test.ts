import test from 'ava'
import type { Delivery, OutboundMessage } from '../../src/core/channel/delivery.ts'
import { aMessage, anEcho, aThread } from '../builders/events.ts'
import { type CoreOnDatabase, coreOn, deliveryOf, type Inbox, seedInbox } from '../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { all } from '../support/inbox-state.ts'
import { aNetwork, reply, startTalk, statusesIn, textOf, workOff } from '../support/replies.ts'

const HOUR_MS = 3_600_000
const refused: Delivery = {
  status: 'refused',
  code: 'human-agent-not-approved',
  detail: 'a test',
  platformCode: '10',
}

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())

  /** A program whose clock the test moves. */
  const program = (answers?: (message: OutboundMessage) => Delivery) => {
    let aheadMs = 0
    const clock = { now: () => new Date(Date.now() + aheadMs), monotonicMs: () => performance.now() }
    const network = aNetwork(answers)
    const on = coreOn(db, { clock, send: network.send })
    return { on, network, pass: (hours: number) => (aheadMs += hours * HOUR_MS) }
  }

  const allow = ({ unitOfWork }: CoreOnDatabase, { orgId, channelId }: Inbox, humanAgent: boolean) =>
    unitOfWork.run(orgId, async ({ channels }) => {
      const channel = await channels.get(channelId)
      await channels.save({ ...channel, settings: { ...channel.settings, humanAgent } }, {}, new Date())
    })

  const windowIn = async ({ queries }: CoreOnDatabase, { orgId }: Inbox) =>
    (await all((page) => queries.tickets(orgId, {}, page)))[0]?.window

  test.serial(
    `${profile}: a person’s answer goes out plain within 24 hours, marked within seven days, and not at all after them`,
    async (t) => {
      const { on, network, pass } = program()
      const inbox = await seedInbox(on.orm)
      await allow(on, inbox, true)
      const talk = await startTalk(on, inbox, 'late')
      await reply(on, talk, 'in time')
      await workOff(on)
      pass(25)
      t.like(await windowIn(on, inbox), { state: 'HUMAN_AGENT' })
      await reply(on, talk, 'a day late')
      await workOff(on)
      pass(6 * 24)
      t.like(await windowIn(on, inbox), { state: 'CLOSED' })
      const error = await t.throwsAsync(reply(on, talk, 'too late'))
      t.like(error, { code: 'messaging-window-closed' })
      t.deepEqual(
        network.sent.map(({ message }) => [textOf(message), message.asHumanAgent]),
        [
          ['in time', false],
          ['a day late', true],
        ],
      )
    },
  )

  // proves: out.window-at-send
  test.serial(`${profile}: without the setting a day is all there is; what waited meanwhile is not sent`, async (t) => {
    const { on, network, pass } = program()
    const inbox = await seedInbox(on.orm)
    const talk = await startTalk(on, inbox, 'plain')
    await reply(on, talk, 'queued in time')
    pass(25)
    await workOff(on)
    t.deepEqual(await statusesIn(on, talk), ['queued in time FAILED'])
    t.like(await t.throwsAsync(reply(on, talk, 'too late')), { code: 'messaging-window-closed' })
    t.deepEqual(network.texts(), [])
  })

  // proves: out.human-agent-off
  test.serial(`${profile}: the setting goes off by itself when the platform has not approved it`, async (t) => {
    const { on, pass } = program(({ asHumanAgent }) =>
      asHumanAgent ? refused : { status: 'accepted', externalId: 'x' as never },
    )
    const inbox = await seedInbox(on.orm)
    await allow(on, inbox, true)
    const talk = await startTalk(on, inbox, 'not approved')
    pass(25)
    await reply(on, talk, 'hello')
    await workOff(on)
    t.deepEqual(await statusesIn(on, talk), ['hello FAILED'])
    t.like(await windowIn(on, inbox), { state: 'CLOSED', humanAgentUntil: null })
    t.false((await on.queries.channel(inbox.orgId, inbox.channelId))?.config['humanAgent'])
    const { data } = await on.queries.auditEntries(
      inbox.orgId,
      { action: 'channel.setting_switched_off' },
      { limit: 10, after: null },
    )
    t.like(data, [{ actor: { type: 'SYSTEM' }, resource: { type: 'channel', id: inbox.channelId } }])
    t.like(await t.throwsAsync(reply(on, talk, 'again')), { code: 'messaging-window-closed' })
  })

  // proves: out.window-opens
  test.serial(
    `${profile}: what the account writes, and what is said of messages, opens nothing; a new message does`,
    async (t) => {
      const { on, pass } = program()
      const inbox = await seedInbox(on.orm)
      const talk = await startTalk(on, inbox, 'silent')
      const opened = (await windowIn(on, inbox))?.closesAt
      pass(25)
      const at = new Date(Date.now() + 25 * HOUR_MS)
      const thread = aThread('silent')
      const hello = 'hello of silent' as never
      await on.core.receiveWebhooks([
        deliveryOf(inbox, [
          anEcho({ externalId: 'from the phone', at, thread }),
          { type: 'read', externalId: 'from the phone' as never, at },
          {
            type: 'reaction',
            externalId: hello,
            actor: 'silent' as never,
            reaction: { name: 'love', emoji: '❤' },
            at,
          },
          { type: 'edit', externalId: hello, text: 'Hello!', revision: 1, at },
        ]),
      ])
      t.deepEqual((await windowIn(on, inbox))?.closesAt, opened)
      t.like(await t.throwsAsync(reply(on, talk, 'no')), { code: 'messaging-window-closed' })
      await on.core.receiveWebhooks([deliveryOf(inbox, [aMessage({ externalId: 'back again', at, thread })])])
      t.like(await windowIn(on, inbox), { state: 'OPEN' })
      await reply(on, talk, 'yes')
      await workOff(on)
    },
  )
})
