import test from 'ava'
import fc from 'fast-check'
import { createInboxQueries } from '../../../src/adapters/persistence/inbox-queries.ts'
import { inOrganization, type Orm, type Tx } from '../../../src/adapters/persistence/transaction.ts'
import type { ChannelId, ConversationId, CustomerId, TicketId } from '../../../src/core/ids.ts'
import type { InboxQueries, PageOf, PageRequest } from '../../../src/ports/inbox-queries.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../../support/database.ts'
import { ids, type SeededOrganization, seedChannel, seedOrganization } from '../../support/seed.ts'
import { seedConversation, seedCustomer, seedMessage, seedNotification, seedTicket } from '../../support/seed-inbox.ts'

/** Few different times, so that most rows share theirs with others. */
const at = (tick: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, 0, tick))
const ticks = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 12 })
const limits = fc.integer({ min: 1, max: 5 })
const RUNS = { numRuns: 12 }

type Row = Readonly<{ id: string }>

async function allPages<T extends Row>(
  read: (page: PageRequest) => Promise<PageOf<T> | null>,
  limit: number,
): Promise<T[]> {
  const out: T[] = []
  for (let after: PageRequest['after'] = null; ; ) {
    const page = await read({ limit, after })
    if (page === null) throw new Error('the list is gone')
    out.push(...page.data)
    if (page.next === null) return out
    if (page.data.length !== limit) throw new Error(`a page of ${page.data.length} is not the last`)
    after = page.next
  }
}

const newestFirst = (rows: readonly { id: string; tick: number }[]) =>
  [...rows].sort((x, y) => y.tick - x.tick || (x.id < y.id ? 1 : -1)).map(({ id }) => id)

onEachProfile((profile) => {
  let db: TestDatabase
  let orm: Orm
  let queries: InboxQueries
  test.before(async () => {
    db = await testDatabase(profile)
    orm = db.orm()
    queries = createInboxQueries({
      orm,
      clock: { now: () => new Date(), monotonicMs: () => 0 },
      capabilitiesOf: () => null,
    })
  })
  test.after.always(() => db.close())

  type Place = SeededOrganization & {
    channelId: ChannelId
    customerId: CustomerId
    conversationId: ConversationId
    ticketId: TicketId
  }
  const place = async (): Promise<Place> => {
    const org = await seedOrganization(orm)
    const channelId = await seedChannel(orm, org.orgId)
    return inOrganization(orm, org.orgId, async (tx) => {
      const customerId = await seedCustomer(tx, channelId, { seenAt: at(-1) })
      const conversationId = await seedConversation(tx, channelId, customerId)
      const ticketId = await seedTicket(tx, { channelId, customerId, conversationId }, { lastMessageAt: at(-1) })
      return { ...org, channelId, customerId, conversationId, ticketId }
    })
  }

  /**
   * Rows of two organizations at once, at times that often coincide: pages one after the other are the whole list of one
   * organization, in order, nothing twice.
   */
  const property = (
    make: (tx: Tx, place: Place, tick: number) => Promise<string>,
    read: (place: Place, page: PageRequest) => Promise<PageOf<Row> | null>,
    expected: (made: readonly { id: string; tick: number }[], place: Place) => string[],
  ) =>
    fc.assert(
      fc.asyncProperty(ticks, ticks, limits, async (mine, theirs, limit) => {
        const places = [await place(), await place()]
        for (const [index, own] of [mine, theirs].entries()) {
          const here = places[index] as Place
          const made = await inOrganization(orm, here.orgId, async (tx) => {
            const rows: { id: string; tick: number }[] = []
            for (const tick of own) rows.push({ id: await make(tx, here, tick), tick })
            return rows
          })
          const found = (await allPages((page) => read(here, page), limit)).map(({ id }) => id)
          const wanted = expected(made, here)
          if (JSON.stringify(found) !== JSON.stringify(wanted)) throw new Error(`found ${found}, wanted ${wanted}`)
        }
      }),
      RUNS,
    )

  test(`${profile}: pages of customers are the whole list`, async (t) => {
    await property(
      (tx, { channelId }, tick) => seedCustomer(tx, channelId, { seenAt: at(tick) }),
      ({ orgId }, page) => queries.customers(orgId, {}, page),
      (made, { customerId }) => newestFirst([...made, { id: customerId, tick: -1 }]),
    )
    t.pass()
  })

  test(`${profile}: pages of tickets are the whole list`, async (t) => {
    await property(
      async (tx, here, tick) => {
        const conversationId = await seedConversation(tx, here.channelId, here.customerId)
        return seedTicket(
          tx,
          { ...here, conversationId },
          { lastMessageAt: at(tick), status: tick % 2 ? 'OPEN' : 'PENDING' },
        )
      },
      ({ orgId, channelId }, page) => queries.tickets(orgId, { channelId, status: ['OPEN', 'PENDING'] }, page),
      (made, { ticketId }) => newestFirst([...made, { id: ticketId, tick: -1 }]),
    )
    t.pass()
  })

  test(`${profile}: pages of notifications are the whole list of the member`, async (t) => {
    await property(
      async (tx, here, tick) => {
        const { id: messageId } = await seedMessage(tx, here)
        return seedNotification(tx, { ...here, messageId }, { createdAt: at(tick) })
      },
      ({ orgId, memberId }, page) => queries.notifications(orgId, memberId, { unread: true }, page),
      newestFirst,
    )
    t.pass()
  })

  test(`${profile}: pages of channels are the whole list`, async (t) => {
    await property(
      async (tx, here, tick) => {
        const id = ids.next()
        await tx.affected(
          `insert into channels (id, org_id, type, platform, name, status, account, created_at) values ($1, $2, 'API', 'API', 'x', 'ACTIVE', 'x', $3)`,
          [id, here.orgId, at(tick)],
        )
        return id
      },
      ({ orgId }, page) => queries.channels(orgId, { type: 'API' }, page),
      newestFirst,
    )
    t.pass()
  })

  for (const order of ['asc', 'desc'] as const) {
    test(`${profile}: pages of messages are the whole list by time, external id and id, ${order}`, async (t) => {
      const external = new Map<string, string | null>()
      const words = [null, 'A', 'a', 'b c', 'z\'"$1']
      let n = 0
      await property(
        async (tx, here, tick) => {
          const word = words[n++ % words.length] ?? null
          // External ids are unique in their channel, but time and id alone would not tell two of them apart in order.
          const externalId = word === null ? null : `${word}-${ids.next()}`
          const { id } = await seedMessage(tx, here, { sentAt: at(tick), externalId })
          external.set(id, externalId)
          return id
        },
        ({ orgId, ticketId }, page) => queries.messages(orgId, ticketId, order, page),
        (made) => {
          const ascending = [...made].sort((x, y) => {
            const [e, f] = [external.get(x.id) ?? null, external.get(y.id) ?? null]
            const byExternal =
              e === f ? 0 : e === null ? 1 : f === null ? -1 : Buffer.compare(Buffer.from(e), Buffer.from(f))
            return x.tick - y.tick || byExternal || (x.id < y.id ? -1 : 1)
          })
          return (order === 'asc' ? ascending : ascending.reverse()).map(({ id }) => id)
        },
      )
      t.pass()
    })
  }
})
