import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import pg from 'pg'
import type { HttpCore } from '../../src/adapters/http/http-deps.ts'
import { createRelay } from '../../src/adapters/messaging/relay.ts'
import { createAccountDirectory } from '../../src/adapters/persistence/account-directory.ts'
import { connectionConfig, type DatabaseTarget } from '../../src/adapters/persistence/connection.ts'
import { createEventFeed } from '../../src/adapters/persistence/event-feed.ts'
import { createOrm } from '../../src/adapters/persistence/orm.ts'
import { inOrganization } from '../../src/adapters/persistence/transaction.ts'
import type { DomainEvent } from '../../src/core/event/domain-event.ts'
import { startHttp } from '../adapters/http/support/http-server.ts'
import { lostWakeups, quietLog } from '../adapters/messaging/quiet.ts'
import { anOwner } from '../builders/actors.ts'
import { type CoreOnDatabase, coreOn, type Inbox, realClock, seedInbox } from '../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { waitFor } from '../support/processes.ts'
import { aGate, aNetwork, reply, startTalk, statusesIn, type Talk, taken, workOff } from '../support/replies.ts'
import { seedChannel } from '../support/seed.ts'
import { fillDisk } from './harness/full-disk.ts'
import { createTcpProxy } from './harness/tcp-proxy.ts'

const signal = new AbortController().signal
/** So many calls may follow each other at once after a pause. */
const SAVED_TURNS = 2

onEachProfile((profile) => {
  let db: TestDatabase
  let desk: CoreOnDatabase
  test.before(async () => {
    db = await testDatabase(profile)
    desk = coreOn(db)
  })
  test.after.always(() => db?.close())

  const aTalk = async (person = 'ann') => startTalk(desk, await seedInbox(desk.orm), person)
  const messagesOf = ({ inbox }: Talk, text: string) =>
    inOrganization(desk.orm, inbox.orgId, (tx) =>
      tx.rows('select id from messages where org_id = $1 and content = $2', [tx.orgId, text]),
    )

  /** The same database over a network that can be cut. */
  async function overANetwork(t: ExecutionContext) {
    const { target } = db
    const url = 'url' in target ? new URL(target.url) : null
    const proxy = await createTcpProxy({
      target: 'url' in target ? Number(url?.port || 5432) : join(target.host, `.s.PGSQL.${target.port}`),
    })
    if (url) Object.assign(url, { hostname: '127.0.0.1', port: String(proxy.port) })
    const over: DatabaseTarget =
      'url' in target ? { url: String(url) } : { ...target, host: '127.0.0.1', port: proxy.port }
    const orm = createOrm(over, { poolSize: 2, connectTimeoutMs: 2_000, silenceMs: 2_000 })
    t.teardown(async () => {
      await proxy.heal()
      await orm.close(true).catch(() => {})
      await proxy.close()
    })
    return { proxy, beside: { ...desk, orm } }
  }

  test.serial(
    `D5: ${profile}: without the database, or room on its disk, a reply is 503 and no row, with a lost answer no 2xx without one, and its key makes one`,
    async (t) => {
      t.timeout(120_000)
      const { proxy, beside } = await overANetwork(t)
      const network = aNetwork()
      const real = coreOn(db, { beside, send: network.send })
      const core = {} as HttpCore
      const server = await startHttp({ deps: { core, queries: real.queries } })
      Object.assign(core, server.core, { sendReply: real.core.sendReply })
      t.teardown(() => server.stop())
      const { token, orgId, userId, memberId, email } = await server.signUp()
      await createAccountDirectory({ orm: desk.orm }).create({
        org: { id: orgId, name: 'Acme' },
        user: { id: userId, email, name: 'Olive', passwordHash: 'hash' },
        memberId,
        onlyIfFirst: false,
        now: new Date(),
      })
      const account = `account of ${orgId}`
      const channelId = await seedChannel(desk.orm, orgId, { account, settings: { account } })
      const actor = anOwner({ orgId, memberId, userId })
      const talk = await startTalk(desk, { orgId, memberId, userId, email, channelId, account, actor }, 'ann')
      const post = (content: string) =>
        server.call('POST', `/orgs/${orgId}/tickets/${talk.ticketId}/messages`, {
          token,
          body: { content },
          headers: { 'idempotency-key': content },
        })

      const refused = async (text: string) => {
        const { headers, json, status } = await post(text)
        t.deepEqual([status, json.code], [503, 'unavailable'], text)
        t.truthy(headers.get('retry-after'))
        t.deepEqual(await messagesOf(talk, text), [])
      }
      const makeRoom = await fillDisk(db.admin, 'messages')
      t.teardown(makeRoom)
      await refused('without room')
      await makeRoom()
      t.is((await post('without room')).status, 201)

      await proxy.refuse()
      await refused('refused')
      await proxy.heal()
      await waitFor(async () => (await post('refused')).status === 201, 30_000)

      // Done, and never heard of.
      const unwatch = proxy.watch('request', (chunk) => {
        if (/\bcommit\b/i.test(chunk.toString('latin1'))) proxy.set('response', { kind: 'black-hole' })
      })
      const lost = await post('lost')
      t.true(lost.status === 503 || lost.status === 201, lost.text)
      unwatch()
      await proxy.heal()
      const again = await waitFor(async () => {
        const answer = await post('lost')
        return answer.status === 201 ? answer : null
      }, 30_000)
      const texts = ['without room', 'refused', 'lost']
      for (const text of texts) t.is((await messagesOf(talk, text)).length, 1)
      t.is(again.json.content, 'lost')
      await workOff(coreOn(db, { beside: desk, send: network.send }))
      t.deepEqual(network.texts(), texts)
    },
  )

  const numbered = async (work: () => Promise<void>): Promise<void> => {
    const connection = connectionConfig(db.target, { role: 'dc_system' })
    const relay = createRelay({ connection, wakeups: lostWakeups, log: quietLog })
    await relay.start()
    try {
      await work()
    } finally {
      await relay.stop()
    }
  }
  const feed = () => createEventFeed({ orm: desk.orm, clock: realClock, capabilitiesOf: () => null })

  test.serial(
    `D9: ${profile}: a transaction that began earlier and commits later is behind no reader's cursor`,
    async (t) => {
      const talk = await aTalk()
      const { orgId, memberId } = talk.inbox
      const held = aGate<void>()
      const event: DomainEvent = {
        type: 'ticket.updated',
        actor: { type: 'SYSTEM', id: null },
        resource: { type: 'ticket', id: talk.ticketId },
        ticketId: talk.ticketId,
        data: { began: 'first' },
        requestId: null,
      }
      await numbered(async () => {
        const first = desk.unitOfWork.run(orgId, async ({ outbox }) => {
          await outbox.append([event])
          await held.pass()
        })
        await held.reached
        await desk.unitOfWork.run(orgId, ({ outbox }) => outbox.append([{ ...event, data: { began: 'second' } }]))
        const read = async (after: number) => {
          const { events, scannedTo } = await feed().read(orgId, memberId, after, 100)
          const began = events.flatMap(({ changes }) => ('began' in changes ? [changes['began']] : []))
          return { began, scannedTo }
        }
        const before = await waitFor(async () => {
          const found = await read(0)
          return found.began.length > 0 ? found : null
        }, 30_000)
        t.deepEqual(before.began, ['second'])
        held.open()
        await first
        await waitFor(async () => (await read(before.scannedTo)).began.length > 0, 30_000)
        t.deepEqual((await read(before.scannedTo)).began, ['first'])
      })
    },
  )

  test.serial(
    `D10: ${profile}: while a transaction elsewhere stays open events are told and replies go out`,
    async (t) => {
      const elsewhere = new pg.Client(connectionConfig(db.admin))
      await elsewhere.connect()
      t.teardown(() => elsewhere.end())
      await elsewhere.query('begin isolation level repeatable read')
      // With a snapshot, a number and rows of its own.
      await elsewhere.query('select count(*) from event_log')
      await elsewhere.query('create table never_committed (id int)')
      const talk = await aTalk()
      const { orgId, memberId } = talk.inbox
      await numbered(async () => {
        const network = aNetwork()
        for (const text of ['one', 'two']) await reply(desk, talk, text)
        await workOff(coreOn(db, { beside: desk, send: network.send }))
        t.deepEqual(await statusesIn(desk, talk), ['one SENT', 'two SENT'])
        await waitFor(async () => {
          const { events } = await feed().read(orgId, memberId, 0, 100)
          return (
            events.filter(({ type, changes }) => type === 'message.status_changed' && changes['to'] === 'SENT')
              .length === 2
          )
        }, 30_000)
      })
      await elsewhere.query('rollback')
    },
  )

  test.serial(`D22: ${profile}: once a channel is disconnected no call begins, whatever was claimed`, async (t) => {
    const gate = aGate<void>()
    const network = aNetwork(async (message, id) => {
      await gate.pass()
      return taken(message, id)
    })
    const worker = coreOn(db, { beside: desk, send: network.send })
    const inbox = await seedInbox(desk.orm)
    const talks = await Promise.all(Array.from({ length: 12 }, (_, index) => startTalk(desk, inbox, `person-${index}`)))
    for (const talk of talks) for (const text of ['one', 'two']) await reply(desk, talk, text)
    const begun = await worker.core.deliverDue(4, signal)
    await waitFor(() => network.sent.length === 4, 30_000)
    // Claimed by somebody who has not begun.
    const claims = await desk.sendLanes.claim(2, 60_000)
    t.is(claims.length, 2)
    await desk.core.disconnectChannel(inbox.actor, inbox.channelId)
    gate.open()
    await Promise.all(begun)
    await workOff(worker)
    for (const claim of claims) await desk.unitOfWork.run(inbox.orgId, ({ sends }) => sends.release(claim))
    await workOff(worker)
    t.is(network.sent.length, 4)
    const statuses = (await Promise.all(talks.map((talk) => statusesIn(desk, talk)))).flat()
    t.is(statuses.filter((status) => status === 'one SENT').length, 4, 'what was under way is told as it was')
    t.is(statuses.filter((status) => status.endsWith('FAILED')).length, 20)
  })

  test.serial(
    `D25: ${profile}: what waited for hours goes out paced and in order, and not where its window has closed`,
    async (t) => {
      t.timeout(120_000)
      // Nothing but a saved turn or two is due within this test.
      let rate = { calls: 1, perMs: 3_600_000 }
      const network = aNetwork()
      const pacing = () => rate
      const workers = [1, 2].map(() => coreOn(db, { beside: desk, send: network.send, pacing }))
      const inbox: Inbox = await seedInbox(desk.orm)
      await desk.core.updateChannel(inbox.actor, inbox.channelId, { status: 'PAUSED' })
      const talks = await Promise.all(['a', 'b', 'c', 'late'].map((person) => startTalk(desk, inbox, person)))
      const texts = Array.from({ length: 10 }, (_, index) => `${index}`)
      for (const text of texts) for (const talk of talks) await reply(desk, talk, text)
      await Promise.all(workers.map(workOff))
      t.deepEqual(network.sent, [])
      const [late] = talks.slice(-1) as [Talk]
      await inOrganization(desk.orm, inbox.orgId, (tx) =>
        tx.affected(
          `update conversations v set window_opened_at = now() - interval '25 hours' from tickets t
         where v.org_id = $1 and t.org_id = $1 and t.id = $2 and t.conversation_id = v.id`,
          [tx.orgId, late.ticketId],
        ),
      )
      await desk.core.updateChannel(inbox.actor, inbox.channelId, { status: 'ACTIVE' })
      for (let time = 0; time < 3; time++) await Promise.all(workers.map(workOff))
      t.true(network.sent.length > 0 && network.sent.length <= SAVED_TURNS, `${network.sent.length} went out at once`)

      rate = { calls: 1_000, perMs: 1_000 }
      await inOrganization(desk.orm, inbox.orgId, async (tx) => {
        await tx.affected('delete from send_pace where org_id = $1', [tx.orgId])
        await tx.affected('update send_lanes set not_before = now(), turn_at = null where org_id = $1', [tx.orgId])
      })
      await waitFor(async () => {
        await Promise.all(workers.map(workOff))
        const statuses = (await Promise.all(talks.map((talk) => statusesIn(desk, talk)))).flat()
        return statuses.every((status) => /SENT$|FAILED$/.test(status))
      }, 60_000)
      for (const talk of talks.slice(0, -1)) t.deepEqual(network.texts(talk.person), texts)
      t.deepEqual(network.texts('late'), [])
      t.deepEqual(
        await statusesIn(desk, late),
        texts.map((text) => `${text} FAILED`),
      )
    },
  )
})
