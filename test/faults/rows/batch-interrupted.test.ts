import test from 'ava'
import type { InboundEvent } from '../../../src/core/channel/inbound-event.ts'
import { Unavailable } from '../../../src/core/errors.ts'
import type { ExternalMessageId, ExternalUserId } from '../../../src/core/ids.ts'
import { aMessage, anEcho, anEdit, anUnsend, aThread, minutes } from '../../builders/events.ts'
import { type CoreOnDatabase, coreOn, deliveryOf, type Inbox, seedInbox } from '../../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../../support/database.ts'
import { inboxState } from '../../support/inbox-state.ts'
import { onServer } from '../../support/template.ts'
import { behindProxy, type ProxiedDatabase } from '../harness/behind-proxy.ts'

/** Of each kind something, in four deliveries. */
const DELIVERIES: readonly (readonly InboundEvent[])[] = [
  [aMessage({ externalId: 'm1' }), aMessage({ externalId: 'm2', at: minutes(1), thread: aThread('bea') })],
  [anEcho({ externalId: 'e1', at: minutes(2) }), anEdit('m1', 'in other words', 1, minutes(3))],
  [
    {
      type: 'reaction',
      externalId: 'm1' as ExternalMessageId,
      actor: 'ann' as ExternalUserId,
      reaction: { name: 'love', emoji: '❤️' },
      at: minutes(4),
    },
    { type: 'read', externalId: 'e1' as ExternalMessageId, at: minutes(4) },
  ],
  [aMessage({ externalId: 'm3', text: 'regretted', at: minutes(5) }), anUnsend('m3', minutes(6))],
]

/** Of the answers, each of the last ones, among them the COMMIT's, and some of those before. */
const isTried = (index: number, answers: number): boolean => index % 4 === 0 || index > answers - 3

const TYPE_BYTES = 1
const LENGTH_BYTES = 4
const READY_FOR_QUERY = 'Z'.charCodeAt(0)

/** Of one connection, and there is one at a time, piece by piece: how many statements were answered to their end. */
function answersIn(): (chunk: Buffer) => number {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    let answers = 0
    while (rest.length >= TYPE_BYTES + LENGTH_BYTES) {
      const end = TYPE_BYTES + rest.readUInt32BE(TYPE_BYTES)
      if (rest.length < end) break
      if (rest[0] === READY_FOR_QUERY) answers++
      rest = rest.subarray(end)
    }
    return answers
  }
}

onEachProfile((profile) => {
  let db: TestDatabase
  let network: ProxiedDatabase
  let direct: CoreOnDatabase
  test.before(async () => {
    db = await testDatabase(profile)
    network = await behindProxy(db)
    direct = coreOn(db)
  })
  test.after.always(async () => {
    await network?.close()
    await db?.close()
  })

  const whole = async ({ orgId }: Inbox) => {
    const { rows } = await onServer(db.admin, (client) =>
      client.query(
        `select (select count(*)::int from messages where org_id = $1) as messages,
           (select count(*)::int from notifications where org_id = $1) as notifications,
           (select count(*)::int from event_log where org_id = $1) as events,
           (select count(*)::int from raw_events where org_id = $1) as bodies,
           (select count(*)::int from quarantine where org_id = $1) as quarantined,
           (select count(*)::int from jobs where org_id = $1) as jobs`,
        [orgId],
      ),
    )
    return { ...rows[0], ...(await inboxState(direct.queries, orgId)) }
  }
  /** As a queue does: the same deliveries until they are done. */
  const untilDone = async ({ core }: CoreOnDatabase, inbox: Inbox) => {
    const batch = DELIVERIES.map((events) => deliveryOf(inbox, events))
    for (let failures = 0; failures < 10; failures++) {
      const failed = await core.receiveWebhooks(batch).then(
        () => null,
        (error: unknown) => error,
      )
      if (failed === null) return failures
      if (!(failed instanceof Unavailable)) throw failed
    }
    throw new Error('the batch is never done')
  }

  test.serial(
    `A15, B3: ${profile}: whichever statement's answer is lost, the COMMIT's too, the batch done again is as if done once`,
    async (t) => {
      t.timeout(300_000)
      const once = await seedInbox(direct.orm)
      t.is(await untilDone(direct, once), 0)
      const expected = await whole(once)
      t.like(expected, { messages: 4, quarantined: 0, bodies: 4 })

      const on = coreOn(network, { poolSize: 1 })
      /** The answer of this number is lost, and its connection with it. How many came, and how often it was tried in vain. */
      const withoutAnswer = async (lost: number) => {
        const inbox = await seedInbox(direct.orm)
        // Connections are there, so that answers are to statements.
        await on.core.receiveWebhooks([deliveryOf(once, [])])
        let answers = 0
        let countIn = answersIn()
        const unwatch = network.proxy.watch('response', (chunk) => {
          // Several come in one piece where the statements were sent on without waiting.
          const before = answers
          answers += countIn(chunk)
          if (before > lost || lost >= answers) return
          network.proxy.reset()
          countIn = answersIn()
        })
        const failures = await untilDone(on, inbox)
        unwatch()
        t.deepEqual(await whole(inbox), expected, `without answer ${lost}`)
        return { answers, failures }
      }
      const { answers } = await withoutAnswer(Number.POSITIVE_INFINITY)
      t.true(answers > 15, `${answers}`)
      const tried = Array.from({ length: answers }, (_, index) => index).filter((index) => isTried(index, answers))
      for (const lost of tried) t.true((await withoutAnswer(lost)).failures > 0, `without answer ${lost}`)
      t.log(`${tried.length} of ${answers} answers lost in turn`)
    },
  )

  test.serial(
    `B3: ${profile}: a COMMIT that is never answered is waited for, not for ever, and done again over another connection`,
    async (t) => {
      const on = coreOn(network, { poolSize: 1, silenceMs: 500 })
      const inbox = await seedInbox(direct.orm)
      await on.core.receiveWebhooks([deliveryOf(inbox, [])])
      let holes = 0
      const unwatch = network.proxy.watch('request', (chunk) => {
        if (holes > 0 || !/commit/i.test(chunk.toString('latin1'))) return
        holes++
        network.proxy.set('response', { kind: 'black-hole' })
      })
      const delivery = deliveryOf(inbox, [aMessage()])
      await t.throwsAsync(on.core.receiveWebhooks([delivery]), { instanceOf: Unavailable })
      t.is((await whole(inbox)).messages, 1, 'the server has it')
      unwatch()
      await network.proxy.heal()
      await on.core.receiveWebhooks([delivery])
      t.is(holes, 1)
      t.like(await whole(inbox), { messages: 1, notifications: 1, quarantined: 0 })
    },
  )
})
