import test from 'ava'
import { inOrganization } from '../../src/adapters/persistence/transaction.ts'
import type { Delivery, OutboundMessage } from '../../src/core/channel/delivery.ts'
import { paceOf, type Rate } from '../../src/core/channel/pacing.ts'
import type { ExternalMessageId } from '../../src/core/ids.ts'
import { type CoreOnDatabase, type CoreOptions, coreOn, type Inbox, seedInbox } from '../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { all } from '../support/inbox-state.ts'
import { waitFor } from '../support/processes.ts'
import {
  aNetwork,
  repliesIn,
  reply,
  startTalk,
  statusesIn,
  type Talk,
  taken,
  textOf,
  workOff,
} from '../support/replies.ts'
import { seedChannel } from '../support/seed.ts'

const throttled = (pauses: 'account' | 'app', afterMs = 60_000): Delivery => ({
  status: 'retry',
  afterMs,
  pauses,
  reason: pauses === 'app' ? 'app-throttled' : 'throttled',
  detail: 'a test',
})

const LOST: Delivery = { status: 'unknown', detail: 'a test' }

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())

  const healthOf = async ({ queries }: CoreOnDatabase, { orgId, channelId }: Inbox) =>
    (await queries.channel(orgId, channelId))?.health
  /** Of one app, as an installation's channels are. */
  const onApp = ({ core }: CoreOnDatabase, { actor, channelId }: Inbox, app: string) =>
    core.updateChannel(actor, channelId, { config: { app } })
  const say = async (on: CoreOnDatabase, talk: Talk, ...texts: string[]) => {
    for (const text of texts) await reply(on, talk, text)
  }
  const answering =
    (answers: Readonly<Record<string, Delivery>>) => (message: OutboundMessage, id: ExternalMessageId) =>
      answers[textOf(message)] ?? taken(message, id)

  /** A program whose every look-up succeeds, and tells that the budget is used up. */
  function atItsLimit(reason: 'throttled' | 'usage-high', afterMs: number) {
    let calls = 0
    const answer = async (found: object) => {
      calls += 1
      return { ...found, demands: [{ pauses: 'account', afterMs, reason }] }
    }
    const network = aNetwork((message, id) => (textOf(message) === 'lost' ? LOST : taken(message, id)))
    const listed = [1, 2].map((n) => {
      const messages = [{ externalId: `m${n}`, at: new Date(Date.now() - 3_600_000) }]
      return { externalId: `c${n}`, updatedAt: new Date(), person: null, messages }
    })
    const on = coreOn(db, {
      send: network.send,
      profiles: { look: () => answer({ status: 'found', profile: { username: 'ann', name: null, pictureUrl: null } }) },
      media: {
        look: () => answer({ status: 'gone', detail: 'a test' }),
        mention: () => answer({ status: 'gone', detail: 'a test' }),
      },
      history: {
        callsPerSecond: 1_000,
        conversations: () => answer({ status: 'found', conversations: listed, nextCursor: null }),
        conversation: () => answer({ status: 'found', messages: [] }),
        withPerson: () => answer({ status: 'found', messages: [] }),
        message: () => answer({ status: 'withheld', reason: 'gone', detail: 'a test' }),
      },
    } as unknown as CoreOptions)
    /** Connected long enough ago to have missed something. */
    const connected = async () => {
      const inbox = await seedInbox(on.orm)
      const account = `another of ${inbox.orgId}`
      const now = new Date(Date.now() - 24 * 3_600_000)
      const channelId = await seedChannel(on.orm, inbox.orgId, { account, settings: { account }, now })
      return { ...inbox, channelId, account }
    }
    return { on, network, connected, calls: () => calls }
  }

  const signal = new AbortController().signal
  type Look = (on: CoreOnDatabase, talk: Talk) => Promise<unknown>
  const LOOKS: Readonly<Record<string, Look>> = {
    'a profile': async ({ core, queries }, { inbox: { orgId, channelId } }) => {
      const customers = await all((page) => queries.customers(orgId, {}, page))
      const customerId = customers.find(({ externalId }) => externalId === 'ann')?.id as never
      return core.lookUpProfile({ orgId, channelId, customerId, person: 'ann' as never }, 1, signal)
    },
    'a post': ({ core }, { inbox: { orgId, channelId } }) =>
      core.lookUpMedia({ orgId, channelId, mediaId: '1', commentId: null }, 1, signal),
    'a mention': ({ core }, { inbox: { orgId, channelId } }) =>
      core.lookUpMention({ orgId, channelId, externalId: 'm' as never, mediaId: '1' }, 1, signal),
    'a message': ({ core }, { inbox: { orgId, channelId } }) =>
      core.lookUpMessage({ orgId, channelId, externalId: 'm' as never, requestId: null }, 1, signal),
    'a sweep': ({ core }, { inbox: { orgId, channelId } }) => core.sweepChannel({ orgId, channelId }, 1, signal),
    'a reply in doubt': async (on, talk) => {
      await reply(on, talk, 'lost')
      await workOff(on)
      const [message] = await repliesIn(on, talk)
      const about = { ticketId: talk.ticketId, messageId: message?.id as never }
      return on.core.checkMessage(talk.inbox.actor, about, signal)
    },
  }

  for (const [name, look] of Object.entries(LOOKS)) {
    // proves: fail.usage-of-reads
    test.serial(
      `${profile}: ${name}, asked for with success, makes the account wait where the budget is used up`,
      async (t) => {
        const { on, network, connected, calls } = atItsLimit('throttled', 600_000)
        const inbox = await connected()
        const [ann, bob, eve] = [
          await startTalk(on, inbox, 'ann'),
          await startTalk(on, inbox, 'bob'),
          await startTalk(on, await seedInbox(on.orm), 'eve'),
        ]
        await look(on, ann)
        t.is(calls(), 1, 'the rest of the job waits too')
        t.is((await healthOf(on, inbox))?.pauseReason, 'throttled')
        await say(on, bob, 'waits')
        await say(on, eve, 'goes on')
        await workOff(on)
        t.deepEqual(await statusesIn(on, bob), ['waits QUEUED'])
        t.deepEqual(await statusesIn(on, eve), ['goes on SENT'])
        t.false(network.texts().includes('waits'))
        t.like(await LOOKS['a post']?.(on, ann), { status: 'wait' })
        t.is(calls(), 1)
      },
    )
  }

  test.serial(`${profile}: near the end of the budget the calls of a sweep are spread out`, async (t) => {
    const { on, connected, calls } = atItsLimit('usage-high', 400)
    const ann = await startTalk(on, await connected(), 'ann')
    const from = performance.now()
    t.like(await LOOKS['a sweep']?.(on, ann), { status: 'done' })
    t.is(calls(), 3)
    t.true(performance.now() - from >= 790)
  })

  test.serial(`${profile}: a reply that was given up, and is tried again, has all its time once more`, async (t) => {
    let aheadMs = 0
    const clock = { now: () => new Date(Date.now() + aheadMs), monotonicMs: () => performance.now() }
    const busy: Delivery = { status: 'retry', afterMs: 1_000, pauses: 'message', detail: 'a test' }
    const on = coreOn(db, { clock, send: async () => busy })
    const inbox = await seedInbox(on.orm)
    const ann = await startTalk(on, inbox, 'ann')
    const later = async (hours: number) => {
      aheadMs += hours * 3_600_000
      await inOrganization(on.orm, inbox.orgId, (tx) => tx.affected('update send_lanes set not_before = now()'))
      await workOff(on)
    }
    await say(on, ann, 'Good day')
    await workOff(on)
    await later(5)
    t.deepEqual(await statusesIn(on, ann), ['Good day QUEUED'])
    await later(2)
    const [message] = await repliesIn(on, ann)
    t.like(message, { status: 'FAILED', failure: { code: 'gave-up' }, actions: ['RETRY'] })
    await on.core.retryMessage(inbox.actor, { ticketId: ann.ticketId, messageId: message?.id as never })
    await workOff(on)
    t.deepEqual(await statusesIn(on, ann), ['Good day QUEUED'])
    await later(5)
    t.deepEqual(await statusesIn(on, ann), ['Good day QUEUED'])
    await later(2)
    t.deepEqual(await statusesIn(on, ann), ['Good day FAILED'])
  })

  test.serial(`${profile}: a restriction of the whole app is told once, to whoever met it`, async (t) => {
    const restricted: Delivery = { ...throttled('app'), reason: 'restricted' } as Delivery
    const on = coreOn(db, { send: async () => restricted })
    const [inbox, other] = [await seedInbox(on.orm), await seedInbox(on.orm)]
    for (const one of [inbox, other]) await onApp(on, one, `restricted ${inbox.orgId}`)
    const [ann, bob] = [await startTalk(on, inbox, 'ann'), await startTalk(on, inbox, 'bob')]
    await say(on, ann, 'first')
    await say(on, bob, 'at the same time')
    await workOff(on)
    const told = ({ orgId }: Inbox) =>
      inOrganization(on.orm, orgId, (tx) =>
        tx.rows(
          `select 1 from event_log where type = 'channel.health_changed' and data ->> 'pauseReason' = 'restricted'`,
        ),
      )
    t.is((await told(inbox)).length, 1)
    t.is((await told(other)).length, 0)
    t.is((await healthOf(on, inbox))?.pauseReason, 'restricted')
    t.is((await healthOf(on, other))?.pauseReason, 'restricted')
  })

  test.serial(
    `${profile}: a refusal that says how the account is used is told to whoever watches the channel`,
    async (t) => {
      const refused = { status: 'refused', code: 'platform-refused', platformCode: '613/2018338' } as const
      const sends = [
        { ...refused, detail: 'Too many messages', alert: true },
        { ...refused, detail: 'Something else' },
      ]
      const on = coreOn(db, { send: async () => sends.shift() as Delivery })
      const inbox = await seedInbox(on.orm)
      const ann = await startTalk(on, inbox, 'ann')
      await say(on, ann, 'told')
      await workOff(on)
      await say(on, ann, 'not told')
      await workOff(on)
      t.deepEqual(await statusesIn(on, ann), ['told FAILED', 'not told FAILED'])
      const told = await inOrganization(on.orm, inbox.orgId, (tx) =>
        tx.rows(`select data ->> 'lastError' as says from event_log where type = 'channel.health_changed'`),
      )
      t.deepEqual(told, [{ says: 'Too many messages' }])
    },
  )

  // proves: fail.throttle
  test.serial(`D16: ${profile}: a throttled account waits, shows it, and nobody else does`, async (t) => {
    const network = aNetwork(answering({ slow: throttled('account') }))
    const on = coreOn(db, { send: network.send })
    const [inbox, other] = [await seedInbox(on.orm), await seedInbox(on.orm)]
    const [ann, bob, eve] = [
      await startTalk(on, inbox, 'ann'),
      await startTalk(on, inbox, 'bob'),
      await startTalk(on, other, 'eve'),
    ]
    await say(on, ann, 'slow')
    await workOff(on)
    await say(on, bob, 'waits with it')
    await say(on, eve, 'goes on')
    await workOff(on)
    t.deepEqual(await statusesIn(on, ann), ['slow QUEUED'])
    t.deepEqual(await statusesIn(on, bob), ['waits with it QUEUED'])
    t.deepEqual(await statusesIn(on, eve), ['goes on SENT'])
    const health = await healthOf(on, inbox)
    t.is(health?.pauseReason, 'throttled')
    const waitsMs = (health?.pausedUntil?.getTime() ?? 0) - Date.now()
    t.true(waitsMs > 30_000 && waitsMs <= 62_000, String(waitsMs))
    t.like(await healthOf(on, other), { pausedUntil: null, pauseReason: null })
  })

  test.serial(
    `${profile}: a throttled app stops the channels of all organizations on it, and no other app's`,
    async (t) => {
      const network = aNetwork(answering({ slow: throttled('app') }))
      const on = coreOn(db, { send: network.send })
      const inboxes = [await seedInbox(on.orm), await seedInbox(on.orm), await seedInbox(on.orm)] as const
      const app = `of ${inboxes[0].orgId}`
      await onApp(on, inboxes[0], app)
      await onApp(on, inboxes[1], app)
      const talks = await Promise.all(inboxes.map((inbox) => startTalk(on, inbox, 'ann')))
      const [first, same, other] = talks as [Talk, Talk, Talk]
      await say(on, first, 'slow')
      await workOff(on)
      await say(on, same, 'waits too')
      await say(on, other, 'goes on')
      await workOff(on)
      t.deepEqual(await statusesIn(on, same), ['waits too QUEUED'])
      t.deepEqual(await statusesIn(on, other), ['goes on SENT'])
      for (const inbox of inboxes.slice(0, 2)) t.is((await healthOf(on, inbox))?.pauseReason, 'app-throttled')
      t.is((await healthOf(on, inboxes[2]))?.pauseReason, null)
    },
  )

  test.serial(`${profile}: a message that used up the budget is SENT, and the next one waits`, async (t) => {
    const network = aNetwork((_, externalId) => ({
      status: 'accepted',
      externalId,
      demands: [{ pauses: 'account', afterMs: 60_000, reason: 'throttled' }],
    }))
    const on = coreOn(db, { send: network.send })
    const talk = await startTalk(on, await seedInbox(on.orm), 'ann')
    await say(on, talk, 'one', 'two')
    await workOff(on)
    t.deepEqual(await statusesIn(on, talk), ['one SENT', 'two QUEUED'])
  })

  test.serial(
    `${profile}: a restriction is told, a short pause does not hide a longer one, and pausing by hand wins`,
    async (t) => {
      const on = coreOn(db)
      const inbox = await seedInbox(on.orm)
      const pause = (seconds: number, reason: 'restricted' | 'throttled') =>
        on.unitOfWork.run(inbox.orgId, ({ channels }) =>
          channels.pause(inbox.channelId, { until: new Date(Date.now() + seconds * 1_000), reason }),
        )
      t.true(await pause(3_600, 'restricted'))
      t.false(await pause(5, 'throttled'))
      t.is((await healthOf(on, inbox))?.pauseReason, 'restricted')
      t.false(await pause(7_200, 'restricted'))
      await on.core.updateChannel(inbox.actor, inbox.channelId, { status: 'PAUSED' })
      t.false(await pause(3_600, 'throttled'))
      t.like(await healthOf(on, inbox), { pausedUntil: null, pauseReason: 'paused' })
    },
  )

  test.serial(
    `${profile}: turns that two processes take at once keep the rate, wherever the period begins`,
    async (t) => {
      const rate: Rate = { calls: 20, perMs: 1_000 }
      const on = coreOn(db)
      const beside = coreOn(db)
      const inbox = await seedInbox(on.orm)
      const from = performance.now()
      const take = async (worker: CoreOnDatabase) => {
        const waitMs = await worker.unitOfWork.run(inbox.orgId, ({ pace }) =>
          pace.take(inbox.channelId, 'text', rate, { reserve: true }),
        )
        return waitMs
      }
      const waits = (await Promise.all(Array.from({ length: 60 }, (_, n) => take(n % 2 ? on : beside)))).sort(
        (a, b) => a - b,
      )
      // Sixty at twenty a second: two seconds at least, less the time that taking them took.
      const tookMs = performance.now() - from
      t.true((waits.at(-1) ?? 0) >= (60 - 1 - 2) * paceOf(rate).stepMs - tookMs - 50, JSON.stringify({ waits, tookMs }))
      // Another kind of call has turns of its own.
      t.is(
        await on.unitOfWork.run(inbox.orgId, ({ pace }) =>
          pace.take(inbox.channelId, 'media', rate, { reserve: false }),
        ),
        0,
      )
    },
  )

  // proves: out.pacing
  test.serial(
    `${profile}: an account at its limit waits for its turns, and another one’s replies overtake it`,
    async (t) => {
      const network = aNetwork()
      const pacing = (_: string, settings: Readonly<Record<string, unknown>>) =>
        settings['slow'] ? { calls: 1, perMs: 6_000 } : null
      const workers = [coreOn(db, { send: network.send, pacing }), coreOn(db, { send: network.send, pacing })] as const
      const [on] = workers
      const [slow, quick] = [await seedInbox(on.orm), await seedInbox(on.orm)]
      await on.core.updateChannel(slow.actor, slow.channelId, { config: { slow: true } })
      const slowTalks = await Promise.all([1, 2].map((n) => startTalk(on, slow, `slow ${n}`)))
      const quickTalks = await Promise.all([1, 2, 3].map((n) => startTalk(on, quick, `quick ${n}`)))
      for (const talk of [...slowTalks, ...quickTalks]) await say(on, talk, talk.person)
      await Promise.all(workers.map(workOff))
      t.deepEqual(
        network
          .texts()
          .filter((text) => text.startsWith('quick'))
          .sort(),
        ['quick 1', 'quick 2', 'quick 3'],
      )
      t.is(network.texts().filter((text) => text.startsWith('slow')).length, 1)
      const allSent = async () =>
        (await Promise.all(slowTalks.map((talk) => statusesIn(on, talk))))
          .flat()
          .every((status) => status.endsWith('SENT'))
      await waitFor(async () => {
        await Promise.all(workers.map(workOff))
        return allSent()
      })
      t.is(network.texts().length, 5)
    },
  )
})

test('a rate is never exceeded, burst and all, in any period', (t) => {
  for (const rate of [
    { calls: 100, perMs: 1_000 },
    { calls: 10, perMs: 1_000 },
    { calls: 2, perMs: 1_000 },
    { calls: 750, perMs: 3_600_000 },
    { calls: 1, perMs: 1_000 },
  ]) {
    const { stepMs, slackMs } = paceOf(rate)
    const atOnce = Math.round(slackMs / stepMs) + 1
    // As many at once as were saved, and one more with each step.
    const within = atOnce + Math.ceil(rate.perMs / stepMs - 1e-9) - 1
    t.true(within <= rate.calls, JSON.stringify({ rate, within }))
    t.true(within >= rate.calls - 1, 'and it is made use of')
  }
})
