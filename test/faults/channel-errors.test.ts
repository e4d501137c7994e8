import test from 'ava'
import type { Delivery } from '../../src/core/channel/delivery.ts'
import type { Clock } from '../../src/ports/clock.ts'
import { coreOn, realClock, seedInbox } from '../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { aNetwork, reply, startTalk, statusesIn, taken, textOf, workOff } from '../support/replies.ts'

const REFUSED: Delivery = { status: 'refused', code: 'content-refused', detail: 'a test', platformCode: '100' }

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())

  test(`${profile}: the latest trouble of a channel has a time, and is over with the next reply that goes out`, async (t) => {
    // Two outcomes within a millisecond would have no order.
    let seconds = 0
    const clock: Clock = { ...realClock, now: () => new Date(Date.now() + seconds * 1_000) }
    const network = aNetwork((message, id) => (textOf(message) === 'refuse this' ? REFUSED : taken(message, id)))
    const on = coreOn(db, { clock, send: network.send })
    const inbox = await seedInbox(on.orm)
    const [ann, bob] = [await startTalk(on, inbox, 'ann'), await startTalk(on, inbox, 'bob')]
    const trouble = async () => {
      const health = (await on.queries.channel(inbox.orgId, inbox.channelId))?.health
      return { error: health?.lastError, at: health?.lastErrorAt, sentAt: health?.lastOutboundAt }
    }
    const say = async (talk: typeof ann, text: string) => {
      seconds += 1
      const before = clock.now()
      await reply(on, talk, text)
      await workOff(on)
      return { before, after: clock.now() }
    }

    t.deepEqual(await trouble(), { error: null, at: null, sentAt: null })

    for (const round of [1, 2]) {
      const { before, after } = await say(ann, 'refuse this')
      const { error, at } = await trouble()
      t.is(error, 'content-refused', `round ${round}`)
      t.true(at instanceof Date && at >= before && at <= after, `${before} ${at} ${after}`)

      await say(bob, `hello ${round}`)
      const over = await trouble()
      t.deepEqual({ error: over.error, at: over.at }, { error: null, at: null })
      t.true(over.sentAt instanceof Date && over.sentAt > after)
    }
    t.deepEqual(await statusesIn(on, ann), ['refuse this FAILED', 'refuse this FAILED'])
  })
})
