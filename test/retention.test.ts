import test, { type ExecutionContext } from 'ava'
import { NO_CONTEXT } from '../src/core/channel/content.ts'
import type { InboundEvent } from '../src/core/channel/inbound-event.ts'
import type { ChannelId, OrgId, TicketId } from '../src/core/ids.ts'
import { expireMessages } from '../src/core/retention/expire-messages.ts'
import type { UnitOfWork } from '../src/ports/unit-of-work.ts'
import { aMessage, anEcho, anEdit, anUnsend, aThread, T0 } from './builders/events.ts'
import { type CoreOnDatabase, coreOn, deliveryOf, type Inbox, seedInbox } from './support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from './support/database.ts'
import { all, inboxState } from './support/inbox-state.ts'
import { seedChannel } from './support/seed.ts'
import { onServer } from './support/template.ts'

const DAY_MS = 24 * 3_600_000
const day = (count: number): Date => new Date(T0.getTime() + count * DAY_MS)

/** A core whose time is what the test says. */
type Stage = CoreOnDatabase & { goTo(day: number): void; now(): Date }

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())
  // Sweeps reach all channels of the database.
  test.afterEach.always(() => onServer(db.admin, (server) => server.query('update channels set retention_days = null')))

  function stageOn(beside?: CoreOnDatabase): Stage {
    let at = T0
    const clock = { now: () => at, monotonicMs: () => performance.now() }
    const on = coreOn(db, { clock, ...(beside && { beside }) })
    const goTo = (to: number): void => {
      at = day(to)
    }
    return { ...on, now: () => at, goTo }
  }

  const keepFor = (on: Stage, { actor, channelId }: Pick<Inbox, 'actor' | 'channelId'>, retentionDays: number | null) =>
    on.core.updateChannel(actor, channelId, { retentionDays })

  const bring = async (on: Stage, to: Pick<Inbox, 'orgId' | 'channelId'>, ...events: readonly InboundEvent[]) =>
    on.core.receiveWebhooks([{ ...deliveryOf(to, events), receivedAt: on.now() }])

  const said = (person: string, text: string, on: number) =>
    aMessage({ externalId: text, text, thread: aThread(person), at: day(on) })

  const ticketsOf = (on: Stage, orgId: OrgId) => all((page) => on.queries.tickets(orgId, {}, page))

  async function resolveAll(on: Stage, inbox: Inbox): Promise<void> {
    for (const { id, status } of await ticketsOf(on, inbox.orgId))
      if (status !== 'RESOLVED') await on.core.updateTicket(inbox.actor, { ticketId: id, status: 'RESOLVED' })
  }

  const textsOf = async (on: Stage, orgId: OrgId) =>
    (await inboxState(on.queries, orgId)).threads
      .flatMap(({ messages }) => messages.map(({ content }) => content))
      .sort()

  const peopleOf = async (on: Stage, orgId: OrgId) =>
    (await all((page) => on.queries.customers(orgId, {}, page))).map(({ externalId }) => externalId).sort()

  const count = async (table: string, channelId: ChannelId) =>
    (await onServer(db.admin, (server) => server.query(`select 1 from ${table} where channel_id = $1`, [channelId])))
      .rowCount

  test.serial(
    `${profile}: what is older than the channel keeps goes once its ticket has been resolved for a day`,
    async (t) => {
      const on = stageOn()
      const inbox = await seedInbox(on.orm)
      await keepFor(on, inbox, 30)
      await bring(on, inbox, said('ann', 'old', 0))
      on.goTo(40)
      await on.core.expireMessages()
      t.deepEqual(await textsOf(on, inbox.orgId), ['old'], 'somebody still works on an open ticket')

      await resolveAll(on, inbox)
      on.goTo(40.9)
      await on.core.expireMessages()
      t.deepEqual(await textsOf(on, inbox.orgId), ['old'], 'resolved by mistake, it can be opened again')
      on.goTo(41.1)
      await on.core.expireMessages()
      t.deepEqual(await inboxState(on.queries, inbox.orgId), { customers: [], threads: [] })
      for (const table of ['conversations', 'customer_identities', 'message_parts', 'raw_events', 'tickets'])
        t.is(await count(table, inbox.channelId), 0, table)
      const { rows } = await onServer(db.admin, (server) =>
        server.query<{ action: string; actor_type: string }>(
          `select action, actor_type from audit_log where resource_id = $1 and action <> 'channel.updated' order by id`,
          [inbox.channelId],
        ),
      )
      t.deepEqual(rows, [
        { action: 'channel.retention-changed', actor_type: 'MEMBER' },
        { action: 'channel.messages-expired', actor_type: 'SYSTEM' },
      ])
    },
  )

  test.serial(
    `${profile}: of a ticket that goes on the old messages go, and what it says of itself is computed from the rest`,
    async (t) => {
      const on = stageOn()
      const inbox = await seedInbox(on.orm)
      const referral = { source: 'ADS', ref: 'spring', adId: null, adTitle: null, productId: null }
      await bring(on, inbox, { ...said('ann', 'a', 0), referral }, said('ann', 'b', 1), anEdit('b', 'B', 1, day(1)))
      on.goTo(20)
      await bring(on, inbox, anEcho({ externalId: 'ours', text: 'ours', thread: aThread('ann'), at: day(20) }))
      on.goTo(25)
      await bring(on, inbox, said('ann', 'c', 25), said('bob', 'bobs', 25))
      await resolveAll(on, inbox)
      await keepFor(on, inbox, 10)
      on.goTo(34)
      await on.core.expireMessages()
      const { customers, threads } = await inboxState(on.queries, inbox.orgId)
      t.deepEqual(
        customers.map(({ externalId }) => externalId),
        ['ann', 'bob'],
      )
      const ann = threads.find(({ person }) => person === 'ann')
      t.like(ann, { lastMessagePreview: 'c', unreadCount: 0, lastMessageAt: day(25) })
      t.deepEqual(
        ann?.messages.map(({ content }) => content),
        ['c'],
      )
      t.deepEqual(ann?.referrals, { first: null, last: null } as never)

      const [{ id } = { id: '' as TicketId }] = (await ticketsOf(on, inbox.orgId)).filter(
        ({ lastMessagePreview }) => lastMessagePreview === 'c',
      )
      await on.core.updateTicket(inbox.actor, { ticketId: id, status: 'OPEN' })
      const before = await inboxState(on.queries, inbox.orgId)
      await on.core.expireMessages()
      t.deepEqual(await inboxState(on.queries, inbox.orgId), before, 'a second time there is nothing to do')
      t.is(before.threads.find(({ person }) => person === 'ann')?.unreadCount, 1)
    },
  )

  test.serial(
    `${profile}: the ad that the first comment was made under goes from the ticket with that comment`,
    async (t) => {
      const on = stageOn()
      const inbox = await seedInbox(on.orm)
      const comment = (text: string, ad: string | null, at: number) => ({
        ...said('ann', text, at),
        kind: 'COMMENT' as const,
        thread: { ...aThread('ann'), surface: 'COMMENT' as const, key: 'post:ann' },
        context: { ...NO_CONTEXT, type: 'COMMENT' as const, mediaId: 'post', adId: ad, adTitle: ad },
      })
      await bring(on, inbox, comment('under an ad', 'spring', 0))
      on.goTo(25)
      await bring(on, inbox, comment('under the post', null, 25))
      await resolveAll(on, inbox)
      t.like((await ticketsOf(on, inbox.orgId))[0]?.context, { mediaId: 'post', adId: 'spring', adTitle: 'spring' })
      await keepFor(on, inbox, 10)
      on.goTo(34)
      await on.core.expireMessages()
      t.deepEqual(await textsOf(on, inbox.orgId), ['under the post'])
      t.like((await ticketsOf(on, inbox.orgId))[0]?.context, { mediaId: 'post', adId: null, adTitle: null })
    },
  )

  test.serial(
    `${profile}: of one run the audit log has one row for a channel, however many steps it takes`,
    async (t) => {
      const on = stageOn()
      const inbox = await seedInbox(on.orm)
      await bring(on, inbox, ...Array.from({ length: 450 }, (_, at) => said('ann', `m${at}`, 0)))
      await resolveAll(on, inbox)
      await keepFor(on, inbox, 30)
      on.goTo(40)
      const expired = async () =>
        (await on.queries.auditEntries(inbox.orgId, { action: 'channel.messages-expired' }, { limit: 10, after: null }))
          .data.length
      t.is(await expired(), 0)
      await on.core.expireMessages()
      t.deepEqual(await textsOf(on, inbox.orgId), [])
      t.is(await expired(), 1)
      await on.core.expireMessages()
      t.is(await expired(), 1, 'a run with nothing to do has none')
    },
  )

  for (const changes of [['OPEN'], ['OPEN', 'RESOLVED']] as const)
    test.serial(
      `${profile}: a ticket that is set ${changes.join(' and then ')} once it was found to be past its time keeps what is on it`,
      async (t) => {
        const on = stageOn()
        const inbox = await seedInbox(on.orm)
        const { orgId, channelId } = inbox
        await bring(on, inbox, said('ann', 'old', 0))
        await resolveAll(on, inbox)
        await keepFor(on, inbox, 30)
        on.goTo(40)
        const [ticket] = await ticketsOf(on, orgId)
        let steps = 0
        const unitOfWork: UnitOfWork = {
          run: async (org, work) => {
            // The first asks how long, the second finds the ticket, the third takes its messages away.
            if (++steps === 3)
              for (const status of changes) await on.core.updateTicket(inbox.actor, { ticketId: ticket!.id, status })
            return on.unitOfWork.run(org, work)
          },
        }
        const retentionPlans = { channels: async () => [{ orgId, channelId }], forgetJobs: async () => 0 }
        await expireMessages({
          clock: { now: on.now, monotonicMs: () => 0 },
          ...{ log: on.log, retentionPlans, unitOfWork },
        })()
        t.true(steps >= 3)
        t.deepEqual(await textsOf(on, orgId), ['old'])
      },
    )

  test.serial(`${profile}: each channel keeps what it says, and an organization nothing for another`, async (t) => {
    const on = stageOn()
    const [one, other] = [await seedInbox(on.orm), await seedInbox(on.orm)]
    const account = `second account of ${one.orgId}`
    const second = { ...one, channelId: await seedChannel(on.orm, one.orgId, { account, settings: { account } }) }
    for (const inbox of [one, second, other])
      await bring(on, inbox, said('ann', `${inbox.channelId} at first`, 0), said('ann', `${inbox.channelId} later`, 20))
    for (const inbox of [one, other]) await resolveAll(on, inbox)
    await keepFor(on, one, 30)
    await keepFor(on, second, 60)
    on.goTo(40)
    await on.core.expireMessages()
    const later = (inbox: Inbox) => `${inbox.channelId} later`
    const first = (inbox: Inbox) => `${inbox.channelId} at first`
    t.deepEqual(await textsOf(on, one.orgId), [later(one), first(second), later(second)].sort())
    t.deepEqual(await textsOf(on, other.orgId), [first(other), later(other)])
    on.goTo(70)
    await on.core.expireMessages()
    t.deepEqual(await textsOf(on, one.orgId), [later(second)])
    t.deepEqual(await textsOf(on, other.orgId), [first(other), later(other)])
  })

  test.serial(`${profile}: nothing that went comes back, by whatever way, also where more is kept again`, async (t) => {
    const on = stageOn()
    const inbox = await seedInbox(on.orm)
    await keepFor(on, inbox, 30)
    const old = [
      said('ann', 'old', 0),
      anEdit('old', 'old, edited', 1, day(0)),
      anEdit('late', 'words of a message that never came', 1, day(0)),
      {
        type: 'reaction',
        externalId: 'old',
        actor: 'ann',
        reaction: { name: 'love', emoji: null },
        at: day(0),
      } as never,
      anUnsend('unsent', day(0)),
      anEcho({ externalId: 'echo', text: 'ours', thread: aThread('ann'), at: day(0) }),
    ]
    await bring(on, inbox, ...old)
    await resolveAll(on, inbox)
    on.goTo(40)
    await on.core.expireMessages()
    const nothing = async (why: string) => {
      t.deepEqual(await inboxState(on.queries, inbox.orgId), { customers: [], threads: [] }, why)
      for (const table of ['early_edits', 'reactions', 'tombstones', 'raw_events', 'customer_identities'])
        t.is(await count(table, inbox.channelId), 0, `${why}: ${table}`)
    }
    await nothing('it went')
    await bring(on, inbox, ...old)
    await nothing('delivered again')
    // What is young speaks of what is not there any more: it stays away in the same breath.
    await bring(on, inbox, said('ann', 'old', 0), anEdit('old', 'edited just now', 2, day(40)))
    await nothing('with an edit')
    await keepFor(on, inbox, null)
    await bring(on, inbox, ...old)
    await nothing('kept for good from now on')
    await bring(on, inbox, said('ann', 'old', 0), said('ann', 'new', 39))
    t.deepEqual(await textsOf(on, inbox.orgId), ['new'])
  })

  test.serial(`${profile}: what is said of an old message that is still here counts`, async (t) => {
    const on = stageOn()
    const inbox = await seedInbox(on.orm)
    await keepFor(on, inbox, 30)
    await bring(on, inbox, said('ann', 'a', 0), said('ann', 'b', 0))
    on.goTo(40)
    await on.core.expireMessages()
    await bring(on, inbox, anEdit('a', 'a, edited', 1, day(1)), anUnsend('b', day(1)), said('ann', 'never seen', 1))
    t.deepEqual(await textsOf(on, inbox.orgId), [null, 'a, edited'].sort())
  })

  test.serial(
    `${profile}: many go in small steps, organizations in turn, and a run that is broken off goes on`,
    async (t) => {
      const on = stageOn()
      const inboxes = [await seedInbox(on.orm), await seedInbox(on.orm)]
      for (const inbox of inboxes) {
        const many = Array.from({ length: 450 }, (_, at) => said('ann', `m${at}`, 0))
        await bring(on, inbox, ...many, ...Array.from({ length: 30 }, (_, at) => said(`p${at}`, `p${at}`, 0)))
        await resolveAll(on, inbox)
        await keepFor(on, inbox, 30)
      }
      on.goTo(40)
      const channels = inboxes.map(({ orgId, channelId }) => ({ orgId, channelId }))
      const retentionPlans = { channels: async () => channels, forgetJobs: async () => 0 }
      const turns: OrgId[] = []
      const dying = (after: number): UnitOfWork => ({
        run: async (orgId, work) => {
          turns.push(orgId)
          if (turns.length > after) throw new Error('killed')
          return on.unitOfWork.run(orgId, work)
        },
      })
      const sweep = (unitOfWork: UnitOfWork) =>
        expireMessages({ clock: { now: on.now, monotonicMs: () => 0 }, log: on.log, retentionPlans, unitOfWork })()
      // Every step of a whole run is once the last.
      for (let after = 0; ; after++) {
        turns.length = 0
        await sweep(dying(after))
        if (turns.length <= after) break
        const left = await Promise.all(inboxes.map(({ channelId }) => count('message_parts', channelId)))
        t.true(Math.abs((left[0] ?? 0) - (left[1] ?? 0)) <= 220, `in turn: ${left.join(' and ')} are left`)
      }
      for (const { orgId } of inboxes) t.deepEqual(await inboxState(on.queries, orgId), { customers: [], threads: [] })
    },
  )

  test.serial(
    `${profile}: beside customers who write, deliveries that come again and an erasure, nothing is lost and nothing stays`,
    async (t) => {
      t.timeout(60_000)
      const on = stageOn()
      const inbox = await seedInbox(on.orm)
      const people = Array.from({ length: 12 }, (_, at) => `person ${at}`)
      const old = (person: string) => [0, 1, 2].map((at) => said(person, `old ${at} of ${person}`, at))
      for (const person of people) await bring(on, inbox, ...old(person))
      await resolveAll(on, inbox)
      await keepFor(on, inbox, 30)
      on.goTo(40)
      const erased = (await all((page) => on.queries.customers(inbox.orgId, {}, page))).find(
        ({ externalId }) => externalId === 'person 0',
      )
      const another = stageOn(on)
      another.goTo(40)
      const erasure = on.core.eraseCustomer(inbox.actor, erased!.id)
      await Promise.all([
        on.core.expireMessages(),
        another.core.expireMessages(),
        erasure.then(({ id }) => on.core.continueErasure({ orgId: inbox.orgId, erasureId: id })),
        ...people.slice(1).map(async (person) => {
          await bring(on, inbox, ...old(person))
          await bring(on, inbox, said(person, `new of ${person}`, 40), ...old(person))
        }),
      ])
      await on.core.expireMessages()
      const news = people.slice(1).map((person) => `new of ${person}`)
      t.deepEqual(await textsOf(on, inbox.orgId), news.toSorted())
      t.deepEqual(await peopleOf(on, inbox.orgId), people.slice(1).toSorted())
      for (const { lastMessagePreview, unreadCount, status } of await ticketsOf(on, inbox.orgId)) {
        t.true(news.includes(lastMessagePreview ?? ''), lastMessagePreview ?? '')
        t.deepEqual([unreadCount, status], [1, 'OPEN'])
      }
      await everyFactIsRight(t, on, inbox.orgId)
    },
  )

  /** Nothing refers to what is gone, and no ticket is empty. */
  async function everyFactIsRight(t: ExecutionContext, on: Stage, orgId: OrgId): Promise<void> {
    const { threads } = await inboxState(on.queries, orgId)
    for (const { messages } of threads) t.true(messages.length > 0)
    const { rows } = await onServer(db.admin, (server) =>
      server.query(
        `select v.id from conversations v where v.org_id = $1
           and not exists (select from tickets k where k.conversation_id = v.id)`,
        [orgId],
      ),
    )
    t.deepEqual(rows, [])
  }
})
