import test from 'ava'
import { deriveTickets } from '../../../../src/adapters/persistence/stores/derive-tickets.ts'
import { inOrganization, type Tx } from '../../../../src/adapters/persistence/transaction.ts'
import { aMessage, minutes } from '../../../builders/events.ts'
import { coreOn, deliveryOf, seedInbox } from '../../../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../../../support/database.ts'
import { all } from '../../../support/inbox-state.ts'
import { waitFor } from '../../../support/processes.ts'
import { ids } from '../../../support/seed.ts'

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())

  // A comment's ticket shows messages of two conversations, and who writes one of them has not locked the other.
  test(`${profile}: two transactions that add to one ticket at once leave what is true of both`, async (t) => {
    const on = coreOn(db)
    const inbox = await seedInbox(on.orm)
    await on.core.receiveWebhooks([deliveryOf(inbox, [aMessage({ text: 'the first' })])])
    const tickets = () => all((page) => on.queries.tickets(inbox.orgId, {}, page))
    const [ticket] = await tickets()
    if (!ticket) throw new Error('there is no ticket')
    const add = async (tx: Tx, content: string, at: Date) => {
      await tx.affected(
        `insert into messages (id, org_id, ticket_id, conversation_id, direction, kind, content, author_type, via, status, sent_at)
         select $3, t.org_id, t.id, t.conversation_id, 'INBOUND', 'TEXT', $4, 'CUSTOMER', 'PLATFORM', 'RECEIVED', $5
         from tickets t where t.org_id = $1 and t.id = $2`,
        [tx.orgId, ticket.id, ids.next(), content, at],
      )
      await deriveTickets(tx, [ticket.id], at)
    }
    const isWaited = async () => {
      const [row] = await inOrganization(on.orm, inbox.orgId, (tx) =>
        tx.rows<{ waiting: number }>(
          'select count(*)::int as waiting from pg_stat_activity where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0',
          [],
        ),
      )
      return (row?.waiting ?? 0) > 0
    }
    let second: Promise<void> | undefined
    await inOrganization(on.orm, inbox.orgId, async (tx) => {
      await add(tx, 'the last', minutes(2))
      second = inOrganization(on.orm, inbox.orgId, (other) => add(other, 'the second', minutes(1)))
      await waitFor(isWaited, 30_000)
    })
    await second
    t.like((await tickets())[0], { unreadCount: 3, lastMessagePreview: 'the last', lastMessageAt: minutes(2) })
  })
})
