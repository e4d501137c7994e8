import { deepStrictEqual } from 'node:assert/strict'
import test from 'ava'
import * as fc from 'fast-check'
import { asSystem, inOrganization } from '../../src/adapters/persistence/transaction.ts'
import type { Actor } from '../../src/core/actor.ts'
import type { InboundEvent } from '../../src/core/channel/inbound-event.ts'
import type { MessageJob } from '../../src/core/history/look-up-message.ts'
import type { ChannelId, ExternalMessageId, ExternalUserId, OrgId } from '../../src/core/ids.ts'
import type { HistoryMessage } from '../../src/ports/channel-adapter.ts'
import { anOwner } from '../builders/actors.ts'
import { FakeHistory } from '../fakes/fake-history.ts'
import { type CoreOnDatabase, coreOn, deliveryOf } from '../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { all, inboxState } from '../support/inbox-state.ts'
import { seedChannel, seedOrganization } from '../support/seed.ts'

const CASES = { services: 30, embedded: 8 }
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const signal = new AbortController().signal

/** In whole seconds, as the platform tells times here. */
const ago = (ms: number): Date => new Date(Math.floor((Date.now() - ms) / 1_000) * 1_000)

const CONNECTED_MS = HOUR_MS

const said = (
  externalId: string,
  who: string,
  at: Date,
  author: HistoryMessage['author'] = 'CUSTOMER',
): HistoryMessage => ({
  externalId: externalId as ExternalMessageId,
  at,
  author,
  person: { externalId: who as ExternalUserId, username: who, name: null },
  kind: 'TEXT',
  text: `words of ${externalId}`,
  attachments: [],
  context: null,
  replyToExternalId: null,
})

/** The webhook of the same message. */
const webhookOf = ({ author, person, ...message }: HistoryMessage): InboundEvent => {
  const thread = { surface: 'DM', key: person.externalId, person } as const
  return author === 'ACCOUNT'
    ? { type: 'echo', via: 'PLATFORM_APP', thread, ...message }
    : { type: 'message', opensWindow: true, referral: null, thread, ...message }
}

type Shop = Readonly<{ orgId: OrgId; channelId: ChannelId; actor: Actor }>

onEachProfile((profile) => {
  let db: TestDatabase
  let program: CoreOnDatabase
  test.before(async () => {
    db = await testDatabase(profile)
    program = coreOn(db, { poolSize: 8 })
  })
  test.after.always(() => db.close())

  async function setUp(history = new FakeHistory()) {
    const running = coreOn(db, { beside: program, history })
    const { orgId, memberId, userId } = await seedOrganization(running.orm)
    const account = `account of ${orgId}`
    const channelId = await seedChannel(running.orm, orgId, { account, now: ago(CONNECTED_MS) })
    const actor = anOwner({ orgId, memberId, userId })
    const shop: Shop = { orgId, channelId, actor }
    const begin = async () => (await running.core.startImport(actor, channelId)).id
    type Import = Awaited<ReturnType<typeof begin>>
    /** One run of its job; false where the process died. */
    const run = (importId: Import) =>
      running.core.continueImport({ orgId, channelId, importId }, 1, signal).then(
        () => true,
        () => false,
      )
    const view = (id: Import) => running.queries.historyImport(orgId, channelId, id)
    const finish = async (id: Import) => {
      while ((await view(id))?.state === 'RUNNING') await run(id)
      return view(id)
    }
    const deliver = (messages: readonly HistoryMessage[]) =>
      running.core.receiveWebhooks([deliveryOf(shop, messages.map(webhookOf))])
    const sweep = () => running.core.sweepChannel({ orgId, channelId }, 1, signal)
    const notifications = () => all((page) => running.queries.notifications(orgId, memberId, {}, page))
    const tickets = () => all((page) => running.queries.tickets(orgId, {}, page))
    const state = () => inboxState(running.queries, orgId)
    const gaps = async () => (await running.queries.channel(orgId, channelId))?.health.gaps
    return {
      ...running,
      ...shop,
      history,
      begin,
      run,
      view,
      finish,
      deliver,
      sweep,
      notifications,
      tickets,
      state,
      gaps,
    }
  }

  // proves: login.import
  test(`${profile}: an import and live webhooks meet on the same messages, whatever the order, repeats and kills`, async (t) => {
    t.timeout(600_000)
    const person = fc.constantFrom('ann', 'bea', 'cem', 'dee', 'eva')
    const author = fc.constantFrom<HistoryMessage['author']>('CUSTOMER', 'CUSTOMER', 'ACCOUNT')
    const written = fc.record({ who: person, author, when: fc.constantFrom(-20, -3, -2, -1, 1, 2, 3) })
    const step = fc.oneof(
      fc.record({ do: fc.constant('import' as const), dies: fc.option(fc.nat(3)) }),
      fc.record({ do: fc.constant('webhooks' as const), from: fc.nat(9), count: fc.integer({ min: 1, max: 3 }) }),
    )
    const stories = fc.record({
      messages: fc.array(written, { minLength: 1, maxLength: 10 }),
      one: fc.array(step, { maxLength: 8 }),
      other: fc.array(step, { maxLength: 8 }),
    })
    await fc.assert(
      fc.asyncProperty(stories, async ({ messages, one, other }) => {
        // Days before the connection, minutes after it; none at the same time as another.
        const at = (when: number, index: number) =>
          ago(CONNECTED_MS + (when < 0 ? -when * DAY_MS - 4 * HOUR_MS : -when * 10 * MINUTE_MS) + index * 5_000)
        const platform = messages.map(({ who, author, when }, index) => said(`m${index}`, who, at(when, index), author))
        const live = platform.filter((_, index) => (messages[index]?.when ?? 0) > 0)
        const play = async (steps: typeof one) => {
          const shop = await setUp()
          shop.history.messages.push(...platform)
          const id = await shop.begin()
          for (const step of steps) {
            if (step.do === 'webhooks') {
              const delivered = live.slice(step.from, step.from + step.count)
              if (delivered.length > 0) await shop.deliver(delivered)
              continue
            }
            shop.history.diesAfter = step.dies
            await shop.run(id)
            shop.history.diesAfter = null
          }
          if (live.length > 0) await shop.deliver(live)
          const ended = await shop.finish(id)
          if (shop.log.of('error').length > 0) throw new Error(shop.log.text)
          const told = (await shop.notifications()).length
          return { inbox: await shop.state(), told, state: ended?.state }
        }
        const [first, second] = await Promise.all([play(one), play(other)])
        deepStrictEqual(first, second)
        const stored = first.inbox.threads.flatMap((thread) => thread.messages.map(({ externalId }) => externalId))
        deepStrictEqual(stored.sort(), platform.map(({ externalId }) => externalId as string).sort())
        deepStrictEqual(first.told, live.filter((message) => message.author === 'CUSTOMER').length)
      }),
      { numRuns: CASES[profile], includeErrorInReport: true },
    )
    t.pass()
  })

  test(`${profile}: who waits for an answer gets an open ticket, the others one that waits for them; nobody is notified`, async (t) => {
    const shop = await setUp()
    const askedAt = ago(2 * HOUR_MS)
    shop.history.messages.push(
      said('old', 'ann', ago(20 * DAY_MS)),
      said('asked', 'bea', ago(3 * HOUR_MS)),
      said('asked again', 'bea', askedAt),
      said('question', 'cem', ago(3 * HOUR_MS)),
      said('answer', 'cem', ago(2 * HOUR_MS), 'ACCOUNT'),
    )
    const done = await shop.finish(await shop.begin())
    t.like(done, { state: 'DONE', conversations: 3, checked: 5, imported: 5, failure: null })
    t.true(done?.finishedAt instanceof Date)
    const { threads } = await shop.state()
    const shown = new Map(threads.map((thread) => [thread.person, thread]))
    t.like(shown.get('ann'), { status: 'PENDING', unreadCount: 0, window: { state: 'CLOSED' } })
    t.like(shown.get('bea'), { status: 'OPEN', unreadCount: 2, lastMessagePreview: 'words of asked again' })
    t.like(shown.get('bea'), {
      window: { state: 'OPEN', closesAt: new Date(askedAt.getTime() + DAY_MS) },
    } as never)
    t.like(shown.get('cem'), { status: 'PENDING', unreadCount: 0, lastMessagePreview: 'words of answer' })
    t.deepEqual(
      shown.get('cem')?.messages.map(({ via, author }) => [via, author]),
      [
        ['PLATFORM', 'CUSTOMER'],
        ['PLATFORM_APP', 'EXTERNAL'],
      ],
    )
    t.deepEqual(await shop.notifications(), [])

    // The customer goes on writing on the same ticket, and now somebody is told.
    await shop.deliver([said('back', 'ann', ago(0))])
    t.is((await shop.tickets()).length, 3)
    t.like(
      (await shop.state()).threads.find(({ person }) => person === 'ann'),
      { status: 'OPEN' },
    )
    t.is((await shop.notifications()).length, 1)
  })

  test(`${profile}: importing again changes nothing and asks for no conversation`, async (t) => {
    const shop = await setUp()
    shop.history.messages.push(said('one', 'ann', ago(DAY_MS)), said('two', 'bea', ago(2 * HOUR_MS)))
    await shop.finish(await shop.begin())
    const before = await shop.state()
    shop.history.calls.length = 0
    t.like(await shop.finish(await shop.begin()), { state: 'DONE', checked: 2, imported: 0 })
    t.deepEqual(await shop.state(), before)
    t.deepEqual(new Set(shop.history.calls), new Set(['conversations']))
  })

  test(`${profile}: an import is bounded in age and number, and one runs at a time`, async (t) => {
    const shop = await setUp()
    shop.history.messages.push(said('recent', 'ann', ago(29 * DAY_MS)), said('old', 'bea', ago(31 * DAY_MS)))
    const id = await shop.begin()
    t.is(await shop.begin(), id)
    t.like(await shop.finish(id), { conversations: 1, imported: 1 })
    t.not(await shop.begin(), id)
  })

  test(`${profile}: an import that is refused says why, and what to do`, async (t) => {
    for (const [refuses, code] of [
      ['credentials-rejected', 'credentials-rejected'],
      ['permission-missing', 'permission-missing'],
      ['refused', 'history-refused'],
    ] as const) {
      const shop = await setUp()
      shop.history.refuses = refuses
      const failed = await shop.finish(await shop.begin())
      t.like(failed, { state: 'FAILED', failure: { code } })
      t.regex(failed?.failure?.detail ?? '', /^The .+\./)
      t.deepEqual((await shop.queries.channel(shop.orgId, shop.channelId))?.health.lastImport, failed)
    }
  })

  test(`${profile}: readers of events can tell what was written before`, async (t) => {
    const shop = await setUp()
    shop.history.messages.push(said('old', 'ann', ago(DAY_MS)))
    await shop.finish(await shop.begin())
    await shop.deliver([said('new', 'bea', ago(0))])
    const events = await inOrganization(shop.orm, shop.orgId, (tx) =>
      tx.rows<{ type: string; historical: boolean }>(
        `select type, coalesce((data ->> 'historical')::boolean, false) as historical from event_log where org_id = $1 order by id`,
        [shop.orgId],
      ),
    )
    t.deepEqual(
      events.filter(({ historical }) => historical).map(({ type }) => type),
      ['customer.created', 'ticket.created', 'message.created'],
    )
    t.true(events.some(({ type, historical }) => type === 'message.created' && !historical))
  })

  // proves: login.gaps
  test(`${profile}: a sweep finds exactly what was never delivered; agents are told once, and a late delivery changes nothing`, async (t) => {
    const shop = await setUp(new FakeHistory(10))
    const delivered = [said('first', 'ann', ago(40 * MINUTE_MS)), said('answer', 'ann', ago(30 * MINUTE_MS), 'ACCOUNT')]
    const lost = [
      said('lost', 'ann', ago(20 * MINUTE_MS)),
      said('lost too', 'bea', ago(10 * MINUTE_MS)),
      said('lost echo', 'bea', ago(7 * MINUTE_MS), 'ACCOUNT'),
    ]
    const before = said('before the connection', 'bea', ago(5 * HOUR_MS))
    const underWay = said('its webhook is under way', 'cem', ago(MINUTE_MS))
    shop.history.messages.push(...delivered, ...lost, before, underWay)
    await shop.deliver(delivered)
    const told = (await shop.notifications()).length
    t.deepEqual(await shop.sweep(), { status: 'done' })
    t.like(await shop.gaps(), { checked: 5, found: 3 })
    t.is((await shop.notifications()).length, told + 2)
    const found = await shop.state()
    t.deepEqual(
      new Map(found.threads.map(({ person, messages }) => [person, messages.map(({ externalId }) => externalId)])),
      new Map([
        ['ann', ['first', 'answer', 'lost']],
        ['bea', ['lost too', 'lost echo']],
      ]) as never,
    )
    await shop.deliver(lost)
    await shop.sweep()
    t.deepEqual(await shop.state(), found)
    t.is((await shop.notifications()).length, told + 2)
    t.like(await shop.gaps(), { checked: 5, found: 3 })
    t.true((await shop.gaps())?.lastFoundAt instanceof Date)
  })

  test(`${profile}: due sweeps are enqueued once, each channel by itself, and not where they are switched off`, async (t) => {
    const history = new FakeHistory()
    const off = coreOn(db, { beside: program, history })
    t.is(await off.core.planSweeps(), 0)
    const historySettings = { importDays: 0, importConversations: 500, sweepMinutes: 60 }
    const { core, pool } = coreOn(db, { beside: program, history, historySettings })
    const shop = await setUp()
    await core.planSweeps()
    await pool.query('update channel_sweeps set next_at = now()')
    const planned = await Promise.all([core.planSweeps(), core.planSweeps()])
    const { rows } = await pool.query(
      `select count(*)::int as count from jobs where queue = 'history-sweep' and convert_from(payload, 'UTF8')::jsonb ->> 'channelId' = $1`,
      [shop.channelId],
    )
    t.true(planned.reduce((sum, count) => sum + count, 0) > 0)
    t.deepEqual(rows, [{ count: 1 }])
  })

  // proves: said.announced-only
  test(`${profile}: a message that was only announced is asked for once, and agents are told of it`, async (t) => {
    const { core, orm, orgId, channelId, history, deliver, notifications, state } = await setUp()
    const [lost, delivered, unknown] = [
      said('lost', 'ann', ago(MINUTE_MS)),
      said('came', 'ann', ago(MINUTE_MS)),
      'gone',
    ]
    history.messages.push(lost, delivered)
    const announce = (externalId: string): InboundEvent => ({
      type: 'announced',
      externalId: externalId as ExternalMessageId,
      at: ago(MINUTE_MS),
    })
    const announced = [lost.externalId, delivered.externalId, unknown, lost.externalId].map(announce)
    await core.receiveWebhooks([deliveryOf({ orgId, channelId }, announced)])
    // Known by now: nothing is asked for.
    await deliver([delivered])
    await core.receiveWebhooks([deliveryOf({ orgId, channelId }, [announce(delivered.externalId)])])
    const planned = await plannedLookUps(orm, orgId)
    t.deepEqual(planned.map(({ externalId }) => externalId).sort(), ['came', 'gone', 'lost'])
    t.true(planned.every(({ isLater }) => isLater))
    for (const job of [...planned, ...planned]) await core.lookUpMessage({ ...job, orgId, channelId }, 1, signal)
    t.deepEqual(history.calls, ['message'])
    t.is((await notifications()).length, 2)
    const once = await state()
    await deliver([lost])
    t.deepEqual(await state(), once)
    t.is((await notifications()).length, 2)
  })
})

/** What the jobs of this organization ask for. */
async function plannedLookUps(orm: CoreOnDatabase['orm'], orgId: OrgId) {
  const rows = await asSystem(orm, (tx) =>
    tx.rows<{ payload: Buffer; is_later: boolean }>(
      `select payload, run_at > now() as is_later from jobs where queue = 'message-lookup'`,
    ),
  )
  return rows
    .map(({ payload, is_later }) => ({ ...(JSON.parse(payload.toString()) as MessageJob), isLater: is_later }))
    .filter((job) => job.orgId === orgId)
}
