import { randomUUID } from 'node:crypto'
import test from 'ava'
import { BUSY_PER_CHANNEL } from '../../src/adapters/persistence/send-lanes.ts'
import { inOrganization } from '../../src/adapters/persistence/transaction.ts'
import type { Delivery } from '../../src/core/channel/delivery.ts'
import type { ExternalMessageId } from '../../src/core/ids.ts'
import type { SentReply } from '../../src/core/message/send-reply.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { Head, LaneClaim, Settlement } from '../../src/ports/send-store.ts'
import { aMessage, anEcho, aThread } from '../builders/events.ts'
import {
  type CoreOnDatabase,
  type CoreOptions,
  coreOn,
  deliveryOf,
  realClock,
  seedInbox,
} from '../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { inboxState } from '../support/inbox-state.ts'
import { waitFor } from '../support/processes.ts'
import {
  aGate,
  aNetwork,
  pause,
  repliesIn,
  reply,
  startTalk,
  statusesIn,
  type Talk,
  taken,
  textOf,
  workOff,
} from '../support/replies.ts'
import { seedMember } from '../support/seed.ts'

const HOLD_MS = 120_000
const forTheRest = { status: 'unknown', detail: 'no answer in time' } as const

/** A clock that is behind by so much: what it holds for two minutes ends that much sooner. */
const behind = (ms: number): Clock => ({ ...realClock, now: () => new Date(Date.now() - ms) })

onEachProfile((profile) => {
  let db: TestDatabase
  /** For everything but sending. */
  let desk: CoreOnDatabase
  test.before(async () => {
    db = await testDatabase(profile)
    desk = coreOn(db, { poolSize: 8 })
  })
  test.after.always(() => db.close())

  const aWorker = (options: CoreOptions) => coreOn(db, { beside: desk, ...options })
  const aTalk = async (person = 'ann') => startTalk(desk, await seedInbox(desk.orm), person)
  const say = (talk: Talk, ...texts: string[]) =>
    texts.reduce(
      async (before, text) => [...(await before), await reply(desk, talk, text)],
      Promise.resolve<string[]>([]),
    )
  const echo = (talk: Talk, externalId: string, text: string, at = new Date()) =>
    desk.core.receiveWebhooks([
      deliveryOf(talk.inbox, [anEcho({ externalId, text, at, thread: aThread(talk.person) })]),
    ])

  /** A worker that claims and begins, and is never heard of again; its lease ends at once. */
  async function diesSending(talk: Talk): Promise<{ claim: LaneClaim; head: Head }> {
    const [claim] = await desk.sendLanes.claim(1, 1)
    if (!claim) throw new Error('nothing is due')
    const head = await desk.unitOfWork.run(talk.inbox.orgId, async ({ sends }) => {
      const next = await sends.head(claim)
      if (next) await sends.begin(claim, next, new Date())
      return next
    })
    if (!head) throw new Error('the claim holds nothing')
    await pause(5)
    return { claim, head }
  }
  /** As if its time had passed, by the clock that counts: the database's. */
  const endLease = (talk: Talk) =>
    inOrganization(desk.orm, talk.inbox.orgId, (tx) =>
      tx.affected(`update send_lanes set lease_until = now() - interval '1 millisecond' where org_id = $1`, [tx.orgId]),
    )
  const settleLate = (talk: Talk, { claim, head }: { claim: LaneClaim; head: Head }, settlement: Settlement) =>
    desk.unitOfWork.run(talk.inbox.orgId, ({ sends }) => sends.settle(claim, head, settlement, new Date()))

  const laneOf = async (talk: Talk) => {
    const [lane] = await inOrganization(desk.orm, talk.inbox.orgId, (tx) =>
      tx.rows<{ state: string; left_ms: number | null }>(
        `select state, (extract(epoch from lease_until - now()) * 1000)::int as left_ms from send_lanes where org_id = $1`,
        [talk.inbox.orgId],
      ),
    )
    return lane
  }

  test.serial(
    `D8: ${profile}: four workers keep one message in flight in each of ten conversations, in order`,
    async (t) => {
      t.timeout(60_000)
      const network = aNetwork(async (message, externalId) => {
        await pause(Math.random() * 20)
        return taken(message, externalId)
      })
      const inbox = await seedInbox(desk.orm)
      const talks = await Promise.all(
        Array.from({ length: 10 }, (_, index) => startTalk(desk, inbox, `person-${index}`)),
      )
      const texts = Array.from({ length: 8 }, (_, index) => `reply ${index}`)
      for (const text of texts) await Promise.all(talks.map((talk) => reply(desk, talk, text)))

      const workers = Array.from({ length: 4 }, () => coreOn(db, { send: network.send }))
      const until = performance.now() + 40_000
      while (network.sent.length < talks.length * texts.length && performance.now() < until) {
        await Promise.all(workers.map(workOff))
      }
      for (const talk of talks) {
        t.deepEqual(network.texts(talk.person), texts)
        t.deepEqual(
          await statusesIn(desk, talk),
          texts.map((text) => `${text} SENT`),
        )
      }
      t.is(network.mostAtOnce(), 1)
    },
  )

  test.serial(`${profile}: a claim whose worker died before it began is free again when its lease ends`, async (t) => {
    const network = aNetwork()
    const worker = aWorker({ send: network.send })
    const talk = await aTalk()
    await say(talk, 'one')
    t.is((await desk.sendLanes.claim(5, 60_000)).length, 1)
    t.is(await workOff(worker), 0)
    await endLease(talk)
    t.is(await workOff(worker), 1)
    t.deepEqual(network.texts(), ['one'])
    t.deepEqual(await statusesIn(desk, talk), ['one SENT'])
  })

  test.serial(
    `D12: ${profile}: a send whose worker died is UNKNOWN, is not sent again, and holds the rest for two minutes`,
    async (t) => {
      const network = aNetwork()
      const talk = await aTalk()
      await say(talk, 'one', 'two')
      await diesSending(talk)
      t.is(await workOff(aWorker({ send: network.send })), 0)
      t.deepEqual(await statusesIn(desk, talk), ['one UNKNOWN', 'two QUEUED'])
      const lane = await laneOf(talk)
      t.is(lane?.state, 'HELD')
      t.true((lane?.left_ms ?? 0) > HOLD_MS - 60_000 && (lane?.left_ms ?? 0) <= HOLD_MS)
      t.deepEqual(network.sent, [])
      await echo(talk, 'the-echo', 'one')
      t.is(await workOff(aWorker({ send: network.send })), 1)
    },
  )

  test.serial(`${profile}: when the hold ends the rest goes out, and what is in doubt stays so`, async (t) => {
    const network = aNetwork()
    const worker = aWorker({ send: network.send })
    const talk = await aTalk()
    await say(talk, 'one', 'two', 'three')
    await diesSending(talk)
    t.is(await workOff(worker), 0)
    await endLease(talk)
    t.is(await workOff(worker), 2)
    t.deepEqual(network.texts(), ['two', 'three'])
    t.deepEqual(await statusesIn(desk, talk), ['one UNKNOWN', 'two SENT', 'three SENT'])
  })

  test.serial(
    `D13: ${profile}: an answer in doubt holds the rest, its echo makes it SENT and lets them go`,
    async (t) => {
      const network = aNetwork((message, externalId) =>
        textOf(message) === 'one' ? forTheRest : taken(message, externalId),
      )
      const worker = aWorker({ send: network.send })
      const talk = await aTalk()
      await say(talk, 'one', 'two')
      t.is(await workOff(worker), 1)
      t.deepEqual(await statusesIn(desk, talk), ['one UNKNOWN', 'two QUEUED'])
      await echo(talk, 'the-echo', 'one')
      t.is(await workOff(worker), 1)
      const [one, two] = await repliesIn(desk, talk)
      t.is(one?.externalId, 'the-echo')
      t.deepEqual([one?.status, two?.status], ['SENT', 'SENT'])
      t.deepEqual(network.texts(), ['one', 'two'])
    },
  )

  const refusal = { code: 'content-refused', title: 'No', detail: 'No.', retryable: false, platformCode: null }
  const late: Record<string, { settlement: Settlement; statuses: string[]; sentBesides: string[] }> = {
    accepted: {
      settlement: { status: 'SENT', externalId: 'late' as ExternalMessageId },
      statuses: ['one SENT', 'two SENT'],
      sentBesides: ['two'],
    },
    refused: {
      settlement: { status: 'FAILED', failure: refusal },
      statuses: ['one FAILED', 'two SENT'],
      sentBesides: ['two'],
    },
    'refused for now': {
      settlement: { status: 'QUEUED', notBefore: new Date(0), detail: 'later', platformCode: null },
      statuses: ['one SENT', 'two SENT'],
      sentBesides: ['one', 'two'],
    },
  }
  for (const [what, { settlement, statuses, sentBesides }] of Object.entries(late)) {
    test.serial(`${profile}: "${what}" counts also when it comes after the lease, and lets the rest go`, async (t) => {
      const network = aNetwork()
      const worker = aWorker({ send: network.send })
      const talk = await aTalk()
      await say(talk, 'one', 'two')
      const dead = await diesSending(talk)
      t.is(await workOff(worker), 0)
      await settleLate(talk, dead, settlement)
      await workOff(worker)
      t.deepEqual(await statusesIn(desk, talk), statuses)
      t.deepEqual(network.texts(), sentBesides)
    })
  }

  test.serial(`${profile}: a doubt that is cleared late does not end the hold of a later one`, async (t) => {
    const network = aNetwork((message, externalId) =>
      textOf(message) === 'two' ? forTheRest : taken(message, externalId),
    )
    const talk = await aTalk()
    await say(talk, 'one', 'two', 'three')
    await diesSending(talk)
    const worker = aWorker({ send: network.send })
    t.is(await workOff(worker), 0)
    await endLease(talk)
    t.is(await workOff(worker), 1)
    t.deepEqual(await statusesIn(desk, talk), ['one UNKNOWN', 'two UNKNOWN', 'three QUEUED'])
    await echo(talk, 'echo-of-one', 'one')
    t.is(await workOff(worker), 0)
    t.deepEqual(await statusesIn(desk, talk), ['one SENT', 'two UNKNOWN', 'three QUEUED'])
    await echo(talk, 'echo-of-two', 'two')
    t.is(await workOff(worker), 1)
    t.deepEqual(await statusesIn(desk, talk), ['one SENT', 'two SENT', 'three SENT'])
  })

  test.serial(`D15: ${profile}: a worker that was paused after its claim does not send late`, async (t) => {
    const network = aNetwork()
    let nowMs = 0
    const paused = aWorker({
      send: network.send,
      clock: { ...realClock, monotonicMs: () => (nowMs += 20_000) },
    })
    const talk = await aTalk()
    await say(talk, 'one')
    await Promise.all(await paused.core.deliverDue(1, new AbortController().signal))
    t.deepEqual(network.sent, [])
    t.deepEqual(await statusesIn(desk, talk), ['one QUEUED'])
    await pause(2_100)
    t.is(await workOff(aWorker({ send: network.send })), 1)
    t.deepEqual(await statusesIn(desk, talk), ['one SENT'])
  })

  test.serial(
    `${profile}: echoes before, after and beside the answers of thirty sends leave one message each`,
    async (t) => {
      t.timeout(60_000)
      const inbox = await seedInbox(desk.orm)
      const talks = await Promise.all(
        Array.from({ length: 30 }, (_, index) => startTalk(desk, inbox, `person-${index}`)),
      )
      const echoes: Promise<void>[] = []
      const network = aNetwork(async (message, externalId) => {
        const talk = talks.find(({ person }) => person === message.recipient.externalId) as Talk
        const place = talks.indexOf(talk) % 3
        const arrival = async () => echo(talk, externalId, textOf(message))
        if (place === 0) await arrival()
        else if (place === 1) echoes.push(arrival())
        else echoes.push(pause(60).then(arrival))
        return taken(message, externalId)
      })
      await Promise.all(talks.map((talk) => reply(desk, talk, 'the same words')))
      const worker = aWorker({ send: network.send })
      await workOff(worker)
      await Promise.all(echoes)
      t.is(network.sent.length, talks.length)
      for (const talk of talks) {
        const replies = await repliesIn(desk, talk)
        t.is(replies.length, 1)
        t.is(replies[0]?.status, 'SENT')
        t.is(replies[0]?.author.type, 'MEMBER')
        t.is(
          replies[0]?.externalId,
          network.sent.find(({ message }) => message.recipient.externalId === talk.person)?.externalId,
        )
      }
      t.deepEqual([...desk.log.of('error'), ...worker.log.of('error')], [])
    },
  )

  test.serial(
    `${profile}: private replies to comments, whose echoes come among the direct messages, are one each`,
    async (t) => {
      t.timeout(60_000)
      const inbox = await seedInbox(desk.orm)
      const talks = await Promise.all(
        Array.from({ length: 15 }, (_, index) => startTalk(desk, inbox, `person-${index}`, 'COMMENT')),
      )
      const echoes: Promise<void>[] = []
      const network = aNetwork(async (message, externalId) => {
        const index = talks.findIndex(({ person }) => message.recipient.externalId === `hello of ${person}`)
        const arrival = async () => echo(talks[index] as Talk, externalId, textOf(message))
        if (index % 3 === 0) await arrival()
        else echoes.push(pause((index % 3) * 3).then(arrival))
        return taken(message, externalId)
      })
      await Promise.all(talks.map((talk) => reply(desk, talk, 'we wrote to you')))
      const worker = aWorker({ send: network.send })
      await workOff(worker)
      await Promise.all(echoes)
      for (const talk of talks) t.deepEqual(await statusesIn(desk, talk), ['we wrote to you SENT'])
      const { threads } = await inboxState(desk.queries, inbox.orgId)
      t.is(threads.length, talks.length)
      t.true(threads.every(({ kind, messages }) => kind === 'COMMENT' && messages.length === 2))
      t.deepEqual([...desk.log.of('error'), ...worker.log.of('error')], [])
    },
  )

  const authorship = async (talk: Talk) =>
    (await repliesIn(desk, talk))
      .map(({ author, externalId, status }) => `${author.type} ${externalId} ${status}`)
      .sort()

  /** Sends one reply and lets the test act while the platform has not answered. */
  async function whileSending(
    talk: Talk,
    text: string,
    meanwhile: () => Promise<void>,
    answer: Delivery,
  ): Promise<void> {
    const gate = aGate<Delivery>()
    await say(talk, text)
    const [sending] = await aWorker({ send: () => gate.pass() }).core.deliverDue(1, new AbortController().signal)
    await gate.reached
    await meanwhile()
    gate.open(answer)
    await sending
  }
  const accepted = (externalId: string): Delivery => ({
    status: 'accepted',
    externalId: externalId as ExternalMessageId,
  })

  test.serial(
    `${profile}: the same words typed in the app meanwhile are two messages, each with its author`,
    async (t) => {
      const talk = await aTalk()
      await whileSending(talk, 'ok', () => echo(talk, 'typed', 'ok'), accepted('ours'))
      t.deepEqual(await authorship(talk), ['EXTERNAL typed SENT', 'MEMBER ours SENT'])
      await echo(talk, 'ours', 'ok')
      await echo(talk, 'typed', 'ok')
      t.deepEqual(await authorship(talk), ['EXTERNAL typed SENT', 'MEMBER ours SENT'])
    },
  )

  test.serial(`${profile}: both echoes before the answer are two messages, each with its author`, async (t) => {
    const talk = await aTalk()
    const both = async () => {
      await echo(talk, 'typed', 'ok')
      await echo(talk, 'ours', 'ok')
    }
    await whileSending(talk, 'ok', both, accepted('ours'))
    t.deepEqual(await authorship(talk), ['EXTERNAL typed SENT', 'MEMBER ours SENT'])
  })

  test.serial(
    `${profile}: an echo of other words, whose id the answer then names, is our message and no second one`,
    async (t) => {
      const talk = await aTalk()
      await whileSending(talk, 'ok', () => echo(talk, 'ours', 'ok!'), accepted('ours'))
      t.deepEqual(await authorship(talk), ['MEMBER ours SENT'])
    },
  )

  test.serial(`${profile}: what was taken for ours stays somebody else's when our send is refused`, async (t) => {
    const talk = await aTalk()
    const refused: Delivery = { status: 'refused', code: 'content-refused', detail: 'no', platformCode: null }
    await whileSending(talk, 'ok', () => echo(talk, 'typed', 'ok'), refused)
    t.deepEqual(await authorship(talk), ['EXTERNAL typed SENT', 'MEMBER null FAILED'])
  })

  test.serial(`${profile}: doubt after an echo is no doubt`, async (t) => {
    const talk = await aTalk()
    await whileSending(talk, 'ok', () => echo(talk, 'ours', 'ok'), forTheRest)
    t.deepEqual(await authorship(talk), ['MEMBER ours SENT'])
    t.is((await laneOf(talk))?.state, 'IDLE')
  })

  test.serial(`${profile}: the answer tells whose the echo was also when it comes after the lease`, async (t) => {
    const talk = await aTalk()
    await say(talk, 'ok')
    const dead = await diesSending(talk)
    t.is(await workOff(desk), 0)
    await echo(talk, 'typed', 'ok')
    await settleLate(talk, dead, { status: 'SENT', externalId: 'ours' as ExternalMessageId })
    t.deepEqual(await authorship(talk), ['EXTERNAL typed SENT', 'MEMBER ours SENT'])
  })

  test.serial(`${profile}: two replies of the same words are proved by two echoes, each of them once`, async (t) => {
    const network = aNetwork(() => forTheRest)
    const worker = aWorker({ send: network.send })
    const talk = await aTalk()
    await say(talk, 'ok', 'ok')
    await workOff(worker)
    await endLease(talk)
    await workOff(worker)
    t.deepEqual(await statusesIn(desk, talk), ['ok UNKNOWN', 'ok UNKNOWN'])
    await echo(talk, 'first', 'ok')
    await echo(talk, 'first', 'ok')
    t.deepEqual((await statusesIn(desk, talk)).sort(), ['ok SENT', 'ok UNKNOWN'])
    await echo(talk, 'second', 'ok')
    t.deepEqual(await authorship(talk), ['MEMBER first SENT', 'MEMBER second SENT'])
  })

  for (const both of [false, true]) {
    const so = both ? 'each taken for the other' : 'the first taken for the second'
    test.serial(`${profile}: of two replies of the same words, ${so}, the answer says which is which`, async (t) => {
      const talk = await aTalk()
      await say(talk, 'ok', 'ok')
      await diesSending(talk)
      const began = new Date()
      t.is(await workOff(aWorker({})), 0)
      await endLease(talk)
      const gate = aGate<Delivery>()
      const [sending] = await aWorker({ send: () => gate.pass() }).core.deliverDue(1, new AbortController().signal)
      await gate.reached
      // The echoes' times tell the wrong way round.
      await echo(talk, 'second', 'ok', began)
      if (both) await echo(talk, 'first', 'ok', new Date())
      gate.open(accepted('second'))
      await sending
      if (!both) {
        t.deepEqual(await authorship(talk), ['MEMBER null UNKNOWN', 'MEMBER second SENT'])
        await echo(talk, 'first', 'ok')
      }
      t.deepEqual(await authorship(talk), ['MEMBER first SENT', 'MEMBER second SENT'])
      const [first, second] = await repliesIn(desk, talk)
      t.deepEqual([first?.externalId, second?.externalId], ['first', 'second'])
    })
  }

  test.serial(`${profile}: a refusal for now holds its conversation, and no other one of the channel`, async (t) => {
    const waits = new Set(['slow'])
    const network = aNetwork((message, externalId) =>
      waits.delete(textOf(message))
        ? { status: 'retry', afterMs: 4_000, pauses: 'message', detail: 'later' }
        : taken(message, externalId),
    )
    const worker = aWorker({ send: network.send })
    const inbox = await seedInbox(desk.orm)
    const [ann, bea] = [await startTalk(desk, inbox, 'ann'), await startTalk(desk, inbox, 'bea')]
    await say(ann, 'slow', 'after')
    await say(bea, 'quick')
    await workOff(worker)
    t.deepEqual(await statusesIn(desk, ann), ['slow QUEUED', 'after QUEUED'])
    t.deepEqual(await statusesIn(desk, bea), ['quick SENT'])
    await waitFor(async () => {
      await workOff(worker)
      return network.texts('ann').length === 3
    })
    t.deepEqual(network.texts('ann'), ['slow', 'slow', 'after'])
    t.deepEqual(await statusesIn(desk, ann), ['slow SENT', 'after SENT'])
  })

  test.serial(`D16: ${profile}: a throttled account waits as a whole, and no other account does`, async (t) => {
    const waits = new Set(['slow'])
    const network = aNetwork((message, externalId) =>
      waits.delete(textOf(message))
        ? { status: 'retry', afterMs: 4_000, pauses: 'account', detail: 'slow down' }
        : taken(message, externalId),
    )
    const worker = aWorker({ send: network.send })
    const inbox = await seedInbox(desk.orm)
    const [ann, bea] = [await startTalk(desk, inbox, 'ann'), await startTalk(desk, inbox, 'bea')]
    const elsewhere = await startTalk(desk, await seedInbox(desk.orm), 'cat')
    await say(ann, 'slow')
    await workOff(worker)
    await say(bea, 'same account')
    await say(elsewhere, 'other account')
    await workOff(worker)
    t.deepEqual(await statusesIn(desk, bea), ['same account QUEUED'])
    t.deepEqual(await statusesIn(desk, elsewhere), ['other account SENT'])
    await waitFor(async () => {
      await workOff(worker)
      return network.sent.length === 4
    })
    t.deepEqual(await statusesIn(desk, ann), ['slow SENT'])
    t.deepEqual(await statusesIn(desk, bea), ['same account SENT'])
  })

  test.serial(`D17: ${profile}: an account that does not answer keeps its own places busy and no others`, async (t) => {
    const hung = aGate<void>()
    const network = aNetwork(async (message, externalId) => {
      if (textOf(message) === 'hangs') await hung.pass()
      return taken(message, externalId)
    })
    const worker = aWorker({ send: network.send })
    const slow = await seedInbox(desk.orm)
    const talks = await Promise.all(
      Array.from({ length: BUSY_PER_CHANNEL + 4 }, (_, index) => startTalk(desk, slow, `person-${index}`)),
    )
    for (const talk of talks) await say(talk, 'hangs')
    const elsewhere = await startTalk(desk, await seedInbox(desk.orm), 'bea')
    await say(elsewhere, 'other account')

    const begun = await worker.core.deliverDue(100, new AbortController().signal)
    t.is(begun.length, BUSY_PER_CHANNEL + 1)
    await waitFor(async () => (await statusesIn(desk, elsewhere))[0] === 'other account SENT', 20_000)
    t.deepEqual(await worker.core.deliverDue(100, new AbortController().signal), [])
    hung.open()
    await Promise.all(begun)
    await workOff(worker)
    const statuses = await Promise.all(talks.map((talk) => statusesIn(desk, talk)))
    t.true(statuses.flat().every((status) => status === 'hangs SENT'))
  })

  test.serial(
    `D19: ${profile}: a window that closed between the 201 and the send fails the reply without a call`,
    async (t) => {
      const network = aNetwork()
      const worker = aWorker({ send: network.send, clock: behind(-25 * 3_600_000) })
      const talk = await aTalk()
      await say(talk, 'late')
      await workOff(worker)
      const [late] = await repliesIn(desk, talk)
      t.is(late?.status, 'FAILED')
      t.is(late?.failure?.code, 'messaging-window-closed')
      t.deepEqual(network.sent, [])
    },
  )

  test.serial(`${profile}: a customer who writes meanwhile neither waits for a send nor disturbs it`, async (t) => {
    const talk = await aTalk()
    const writes = () =>
      desk.core.receiveWebhooks([
        deliveryOf(talk.inbox, [aMessage({ externalId: 'meanwhile', at: new Date(), thread: aThread(talk.person) })]),
      ])
    await whileSending(talk, 'ok', writes, accepted('ours'))
    t.deepEqual(await authorship(talk), ['MEMBER ours SENT'])
  })

  const keyed = (talk: Talk, key: string, content: string) =>
    desk.core.sendReply(talk.inbox.actor, { ticketId: talk.ticketId, content, idempotencyKey: key, via: 'API' })

  test.serial(`D2: ${profile}: fifty parallel posts with one Idempotency-Key make one message`, async (t) => {
    const talk = await aTalk()
    const results = await Promise.all(Array.from({ length: 50 }, () => keyed(talk, 'key', 'once')))
    t.is(new Set(results.map(({ messageId }) => messageId)).size, 1)
    t.is(results.filter(({ replayed }) => replayed === 'no').length, 1)
    const network = aNetwork()
    await workOff(aWorker({ send: network.send }))
    t.deepEqual(network.texts(), ['once'])
    t.deepEqual(await statusesIn(desk, talk), ['once SENT'])
    t.deepEqual(await keyed(talk, 'key', 'once'), { ...results[0], replayed: 'idempotency-key' } as SentReply)
  })

  test.serial(`D2: ${profile}: fifty parallel posts with one clientMessageId make one message`, async (t) => {
    const talk = await aTalk()
    const clientMessageId = randomUUID()
    const post = (content: string) =>
      desk.core.sendReply(talk.inbox.actor, { ticketId: talk.ticketId, content, clientMessageId, via: 'API' })
    const results = await Promise.all(Array.from({ length: 50 }, () => post('once')))
    t.is(new Set(results.map(({ messageId }) => messageId)).size, 1)
    t.deepEqual(await statusesIn(desk, talk), ['once QUEUED'])
    await t.throwsAsync(post('other words'), { code: 'idempotency-key-reused' })
    await workOff(aWorker({ send: aNetwork().send }))
  })

  test.serial(
    `D3, S126, S127: ${profile}: a key that comes again with other content is refused, and speaks for its own member and ticket only`,
    async (t) => {
      const [talk, elsewhere] = [await aTalk(), await aTalk('bea')]
      const beside = await startTalk(desk, talk.inbox, 'cat')
      const colleague = { ...talk.inbox.actor, memberId: await seedMember(desk.orm, talk.inbox.orgId) }
      const first = await keyed(talk, 'key', 'one')
      await t.throwsAsync(keyed(talk, 'key', 'two'), { code: 'idempotency-key-reused' })
      const others = [
        await keyed(elsewhere, 'key', 'one'),
        await keyed(beside, 'key', 'one'),
        await keyed({ ...talk, inbox: { ...talk.inbox, actor: colleague } }, 'key', 'one'),
      ]
      t.deepEqual(
        others.map(({ replayed }) => replayed),
        ['no', 'no', 'no'],
      )
      t.is(new Set([first, ...others].map(({ messageId }) => messageId)).size, 4)
      t.deepEqual(await statusesIn(desk, elsewhere), ['one QUEUED'])
      await workOff(aWorker({ send: aNetwork().send }))
    },
  )

  test.serial(`${profile}: a refused post does not use its key up`, async (t) => {
    const talk = await aTalk()
    await t.throwsAsync(keyed(talk, 'key', ' '), { code: 'content-empty' })
    t.is((await keyed(talk, 'key', 'some words')).replayed, 'no')
    await workOff(aWorker({ send: aNetwork().send }))
  })
})
