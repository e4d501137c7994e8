import test from 'ava'
import { instagramParser } from '../../src/adapters/instagram/inbound-parser.ts'
import type { ChannelId, OrgId, RawEventId } from '../../src/core/ids.ts'
import type { RawDelivery } from '../../src/ports/webhook-intake.ts'
import { fixture, fixtureNames } from '../adapters/instagram/fixtures.ts'
import { type CoreOnDatabase, coreOn, type Inbox, seedInbox } from '../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { all, inboxState } from '../support/inbox-state.ts'
import { ids } from '../support/seed.ts'
import { onServer } from '../support/template.ts'

const FIXTURE_ACCOUNT = '17841455500000011'
const RECEIVED_AT = new Date(1_789_000_200_000)

const deliveryOf = ({ orgId, channelId }: Inbox, body: string, receivedAt = RECEIVED_AT): RawDelivery => ({
  id: ids.next() as RawEventId,
  orgId,
  channelId,
  body: Buffer.from(body),
  verified: true,
  receivedAt,
  requestId: 'a-request',
})

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())

  const program = () => coreOn(db, { parser: instagramParser })

  const rawEvents = ({ queries }: CoreOnDatabase, { orgId, channelId }: Inbox) =>
    all(async (page) => {
      const found = await queries.rawEvents(orgId, channelId, {}, page)
      if (found === null) throw new Error('the channel is gone')
      return found
    })

  /** Everything that a reader sees, and the channel's counters. */
  const whole = async (on: CoreOnDatabase, inbox: Inbox) => {
    await on.countsWritten()
    return wholeNow(on, inbox)
  }

  const wholeNow = async (on: CoreOnDatabase, inbox: Inbox) => ({
    inbox: await inboxState(on.queries, inbox.orgId),
    // What clients tell a change by.
    versions: (await all((page) => on.queries.tickets(inbox.orgId, {}, page))).map(({ id, version, updatedAt }) => ({
      id,
      version,
      updatedAt,
    })),
    health: (await on.queries.channel(inbox.orgId, inbox.channelId))?.health,
    raw: (await rawEvents(on, inbox)).map(({ processedAt: _, ...event }) => event),
    events: await onServer(
      db.admin,
      async (client) =>
        (await client.query('select count(*)::int as n from event_log where org_id = $1', [inbox.orgId])).rows[0].n,
    ),
    notifications: await onServer(
      db.admin,
      async (client) =>
        (await client.query('select count(*)::int as n from notifications where org_id = $1', [inbox.orgId])).rows[0].n,
    ),
  })

  /** What the worker does with the plans, until none is left; all jobs of other kinds are somebody else's. */
  async function workOff({ core }: CoreOnDatabase): Promise<number> {
    for (let count = 0; ; count++) {
      const [job] = await onServer(
        db.admin,
        async (client) =>
          (
            await client.query<{ payload: Buffer }>(
              `delete from jobs where id = (select id from jobs where queue = 'raw-event-replay' order by id limit 1) returning payload`,
            )
          ).rows,
      )
      if (!job) return count
      const outcome = await core.continueReplay(JSON.parse(job.payload.toString()))
      if (outcome.status !== 'done') throw new Error(JSON.stringify(outcome))
    }
  }

  const anEditOf = (account: string, mid: string) =>
    JSON.stringify({
      object: 'instagram',
      entry: [
        {
          id: account,
          time: 1_789_000_000_500,
          messaging: [
            {
              sender: { id: '2100000000000345' },
              recipient: { id: account },
              timestamp: 1_789_000_000_900,
              message_edit: { mid, text: 'with other words', num_edit: 1 },
            },
          ],
        },
      ],
    })

  // proves: order.replay
  test.serial(`B20: ${profile}: a replay of everything changes nothing`, async (t) => {
    const on = program()
    const inbox = await seedInbox(on.orm)
    const corpus = fixtureNames.map((name, index) =>
      // Each with a message of its own, or all of them would be one.
      fixture(name)
        .toString()
        .replaceAll(FIXTURE_ACCOUNT, inbox.account)
        .replaceAll('"m.1"', index % 3 === 0 ? '"m.1"' : `"m.1-${index}"`),
    )
    const bodies = [...corpus, anEditOf(inbox.account, 'm.1'), 'not json', corpus[0] ?? '']
    const deliveries = bodies.map((body, index) => deliveryOf(inbox, body, new Date(RECEIVED_AT.getTime() + index)))
    // As many as it takes for a second batch.
    const texts = Array.from({ length: 80 }, (_, index) =>
      deliveryOf(
        inbox,
        fixture('text').toString().replaceAll(FIXTURE_ACCOUNT, inbox.account).replaceAll('"m.1"', `"t.${index}"`),
      ),
    )
    for (const delivery of [...deliveries, ...texts]) await on.core.receiveWebhooks([delivery])
    const before = await whole(on, inbox)
    t.true(before.raw.length > 100)
    t.true(before.raw.some(({ status }) => status === 'QUARANTINED'))

    const { matched } = await on.core.replayRawEvents(inbox.actor, inbox.channelId, {})
    t.is(matched, before.raw.filter(({ bytes }) => bytes > 0).length)
    t.is(await workOff(on), Math.ceil(matched / 100))
    t.deepEqual(await whole(on, inbox), before)
    for (const { id } of before.raw.slice(0, 5)) await on.core.replayRawEvent(inbox.actor, inbox.channelId, id)
    t.deepEqual(await whole(on, inbox), before)
  })

  // proves: raw.put-aside
  test.serial(`${profile}: what could not be read and can be now is stored, and no longer put aside`, async (t) => {
    // The same program, before and after it learned to read.
    const before = coreOn(db, { parser: { parse: () => ({ readable: false, reason: 'too-new' }) } })
    const inbox = await seedInbox(before.orm)
    const body = fixture('text').toString().replaceAll(FIXTURE_ACCOUNT, inbox.account)
    await before.core.receiveWebhooks([deliveryOf(inbox, body)])
    const [held] = await rawEvents(before, inbox)
    t.like(held, { status: 'QUARANTINED', reason: 'unreadable', messages: 0 })
    // Still not: the reason stands once.
    await before.core.replayRawEvent(inbox.actor, inbox.channelId, held?.id as RawEventId)
    t.like((await rawEvents(before, inbox))[0], { status: 'QUARANTINED', reason: 'unreadable' })

    const after = program()
    const replayed = await after.core.replayRawEvent(inbox.actor, inbox.channelId, held?.id as RawEventId)
    t.like(replayed, { status: 'PROCESSED', reason: null, messages: 1, receivedAt: RECEIVED_AT, verified: true })
    const { threads } = await inboxState(after.queries, inbox.orgId)
    t.is(threads[0]?.messages[0]?.content, 'Do you ship to Iceland?')
    const { rows } = await onServer(db.admin, (client) =>
      client.query(`select action, actor_id from audit_log where org_id = $1 and action like 'raw-event%'`, [
        inbox.orgId,
      ]),
    )
    t.deepEqual(rows, Array(2).fill({ action: 'raw-event.replayed', actor_id: inbox.memberId }))
  })

  test.serial(`${profile}: a range, and only what was put aside, is what the filter says`, async (t) => {
    const on = program()
    const inbox = await seedInbox(on.orm)
    const at = (minute: number) => new Date(RECEIVED_AT.getTime() + minute * 60_000)
    for (const minute of [0, 1, 2, 3]) await on.core.receiveWebhooks([deliveryOf(inbox, 'not json', at(minute))])
    const matched = async (filter: Parameters<typeof on.core.replayRawEvents>[2]) =>
      (await on.core.replayRawEvents(inbox.actor, inbox.channelId, filter)).matched
    t.is(await matched({ receivedAfter: at(1), receivedBefore: at(3) }), 2)
    t.is(await matched({ status: 'PROCESSED' }), 0)
    t.is(await matched({ status: 'QUARANTINED' }), 4)
    t.is(await matched({ reason: 'unreadable', receivedAfter: at(2) }), 2)
    t.is(await matched({ reason: 'given-up' }), 0)
    await workOff(on)
    await on.core.putAsideGivenUp(deliveryOf(inbox, fixture('text').toString(), at(4)), new Error('planted'))
    const page = { limit: 10, after: null }
    const listed = async (filter: Parameters<typeof on.queries.rawEvents>[2]) =>
      (await on.queries.rawEvents(inbox.orgId, inbox.channelId, filter, page))?.data.map(({ reason }) => reason)
    t.deepEqual(await listed({ reason: 'given-up' }), ['given-up'])
    t.deepEqual(await listed({ reason: 'unreadable', receivedBefore: at(1) }), ['unreadable'])
    t.deepEqual(await listed({ reason: 'unreadable', status: 'PROCESSED' }), [])

    // What is planned keeps the whole filter: the one that can be read by now is not touched.
    t.is(await matched({ reason: 'unreadable' }), 4)
    await workOff(on)
    t.deepEqual(await listed({ reason: 'given-up' }), ['given-up'])
    t.is(await matched({ reason: 'given-up' }), 1)
    await workOff(on)
    t.deepEqual(await listed({ reason: 'given-up' }), [])
  })

  // proves: raw.foreign
  test.serial(`${profile}: another organization's bodies are not there, for reading and for replaying`, async (t) => {
    const on = program()
    const [mine, theirs] = [await seedInbox(on.orm), await seedInbox(on.orm)]
    await on.core.receiveWebhooks([deliveryOf(theirs, 'not json')])
    const [held] = await rawEvents(on, theirs)
    const id = held?.id as RawEventId
    t.is(await on.queries.rawEvents(mine.orgId, theirs.channelId, {}, { limit: 10, after: null }), null)
    for (const channelId of [mine.channelId, theirs.channelId]) {
      t.is(await on.queries.rawEvent(mine.orgId, channelId, id), null)
      t.is(await on.queries.rawEventBody(mine.orgId, channelId, id), null)
      await t.throwsAsync(() => on.core.replayRawEvent(mine.actor, channelId, id), { message: /no such/ })
    }
    await t.throwsAsync(() => on.core.replayRawEvents(mine.actor, theirs.channelId, {}), { message: /no such channel/ })
    for (const odd of ['', 'x', '%00', 'null']) {
      t.is(await on.queries.rawEvent(mine.orgId as OrgId, odd as ChannelId, odd as RawEventId), null)
      await t.throwsAsync(() => on.core.replayRawEvent(mine.actor, mine.channelId, odd as RawEventId), {
        message: /no such/,
      })
    }
  })
})
