import { deepStrictEqual } from 'node:assert/strict'
import test from 'ava'
import * as fc from 'fast-check'
import { DomainError } from '../../src/core/errors.ts'
import type { ExternalMessageId, TicketId } from '../../src/core/ids.ts'
import { aMessage, aThread, minutes } from '../builders/events.ts'
import { type CoreOnDatabase, coreOn, deliveryOf, type Inbox, seedInbox } from '../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { all, inboxState } from '../support/inbox-state.ts'
import { aNetwork, workOff } from '../support/replies.ts'
import { type Schedule, scheduleOf } from '../support/schedules.ts'
import { story } from '../support/stories.ts'

const services = Number(process.env['AGENT_BETWEEN_CASES'] ?? 60)
const CASES = { services, embedded: Math.ceil(services / 4) }

/** What comes, what an agent does in between and when, and all of it once more. */
const cases = story.chain((events) =>
  fc.record({
    one: scheduleOf(events),
    again: scheduleOf(events),
    at: fc.nat({ max: 12 }),
    acts: fc.array(fc.constantFrom('RESOLVED', 'PENDING', 'OPEN', 'reply'), { minLength: 1, maxLength: 3 }),
  }),
)

type Act = 'RESOLVED' | 'PENDING' | 'OPEN' | 'reply'

onEachProfile((profile) => {
  let db: TestDatabase
  let on: CoreOnDatabase
  /** Its network calls everything the same. */
  let one: CoreOnDatabase
  test.before(async () => {
    db = await testDatabase(profile)
    // Soon after the stories, so that replies go out.
    const clock = { now: () => minutes(60), monotonicMs: () => performance.now() }
    on = coreOn(db, { poolSize: 8, clock, send: aNetwork().send })
    const accepted = { status: 'accepted', externalId: 'the private reply' as ExternalMessageId } as const
    one = coreOn(db, { beside: on, clock, send: async () => accepted })
  })
  test.after.always(() => db.close())

  /** To every ticket; what a ticket does not take (a closed window, a status that it has) is part of the story. */
  async function act(inbox: Inbox, acts: readonly Act[]) {
    for (const what of acts) {
      for (const { id: ticketId } of await all((page) => on.queries.tickets(inbox.orgId, {}, page))) {
        try {
          if (what === 'reply')
            await on.core.sendReply(inbox.actor, { ticketId, content: `Answer to ${ticketId}`, via: 'INBOX' })
          else await on.core.updateTicket(inbox.actor, { ticketId, status: what })
        } catch (error) {
          if (!(error instanceof DomainError)) throw error
        }
      }
    }
    await workOff(on)
  }

  // proves: order.agent
  test.serial(`${profile}: whatever an agent did in between, what comes again changes nothing`, async (t) => {
    t.timeout(600_000)
    await fc.assert(
      fc.asyncProperty(cases, async ({ one, again, at, acts }) => {
        const inbox = await seedInbox(on.orm)
        for (const [index, batch] of one.batches.entries()) {
          if (index === at) await act(inbox, acts)
          await on.core.receiveWebhooks(batch.map((events) => deliveryOf(inbox, events)))
        }
        if (at >= one.batches.length) await act(inbox, acts)
        const before = await inboxState(on.queries, inbox.orgId)
        for (const batch of again.batches)
          await on.core.receiveWebhooks(batch.map((events) => deliveryOf(inbox, events)))
        deepStrictEqual(await inboxState(on.queries, inbox.orgId), before)
      }),
      { numRuns: CASES[profile], endOnFailure: true, includeErrorInReport: true },
    )
    t.pass()
  })

  /** A comment and its private reply, which is all that joins conversations; the same times and ids in every inbox. */
  async function privatelyAnswered(): Promise<Inbox> {
    const inbox = await seedInbox(one.orm)
    const thread = { ...aThread('ann'), surface: 'COMMENT', key: 'post 9:ann' } as const
    const comment = aMessage({ externalId: 'the comment', kind: 'COMMENT', thread, at: minutes(-1) })
    await one.core.receiveWebhooks([deliveryOf(inbox, [comment])])
    const [ticket] = await all((page) => one.queries.tickets(inbox.orgId, {}, page))
    const ticketId = ticket?.id as TicketId
    await one.core.sendReply(inbox.actor, { ticketId, content: 'We wrote to you', via: 'INBOX' })
    await workOff(one)
    return inbox
  }

  async function play({ workers, batches }: Schedule) {
    const inbox = await privatelyAnswered()
    const waiting = batches.map((batch) => batch.map((events) => deliveryOf(inbox, events)))
    const work = async () => {
      for (let batch = waiting.shift(); batch; batch = waiting.shift()) await one.core.receiveWebhooks(batch)
    }
    await Promise.all(Array.from({ length: workers }, work))
    return inboxState(one.queries, inbox.orgId)
  }

  // One after the other: they work off the same database’s sends.
  // proves: order.joined
  test.serial(
    `${profile}: once a private reply is out, any order of what comes then ends in the same inbox`,
    async (t) => {
      t.timeout(600_000)
      const orders = story.chain((events) => fc.record({ first: scheduleOf(events), second: scheduleOf(events) }))
      await fc.assert(
        fc.asyncProperty(orders, async ({ first, second }) => deepStrictEqual(await play(first), await play(second))),
        { numRuns: CASES[profile], endOnFailure: true, includeErrorInReport: true },
      )
      t.pass()
    },
  )
})
