import test from 'ava'
import { loadContract } from '../../../src/adapters/http/contract.ts'
import { createHousekeeping } from '../../../src/adapters/persistence/housekeeping.ts'
import { inOrganization } from '../../../src/adapters/persistence/transaction.ts'
import {
  EXPORT_CHUNK_BYTES,
  EXPORT_KEPT_MS,
  MAX_EXPORT_BYTES,
  STALLED_MS,
} from '../../../src/core/customer/export-customer.ts'
import type { CustomerId, ExportId, OrgId } from '../../../src/core/ids.ts'
import type { ExportTurn } from '../../../src/ports/export-store.ts'
import { aMessage, anEdit, anUnsend, aThread, minutes } from '../../builders/events.ts'
import {
  type CoreOnDatabase,
  coreOn,
  deliveryOf,
  type Inbox,
  realClock,
  seedInbox,
} from '../../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../../support/database.ts'
import { all } from '../../support/inbox-state.ts'
import { aNetwork, pause, reply, startTalk, workOff } from '../../support/replies.ts'
import { ids } from '../../support/seed.ts'
import { onServer } from '../../support/template.ts'

type Message = Readonly<Record<string, unknown>> & Readonly<{ content: string | null }>
type Document = Readonly<{
  customer: object
  tickets: readonly Readonly<{ kind: string; messages: readonly Message[] }>[]
}>

const file = loadContract().operation('getExportFile')
/** Of a job that is done as soon as it is tried. */
const FIRST = 1
const LAST = 8
/** Of an organization that may ask as often as it likes. */
const free = async () => undefined

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())

  async function program() {
    let aheadMs = 0
    const clock = { ...realClock, now: () => new Date(Date.now() + aheadMs) }
    const on = coreOn(db, { clock, send: aNetwork().send })
    const inbox = await seedInbox(on.orm)
    const talk = await startTalk(on, inbox, 'ann')
    const customerOf = async (person: string): Promise<CustomerId> => {
      const found = await all((page) => on.queries.customers(inbox.orgId, {}, page))
      return found.find(({ externalId }) => externalId === person)!.id
    }
    const ann = await customerOf('ann')
    return {
      ...{ on, inbox, talk, ann, customerOf },
      pass(ms: number) {
        aheadMs += ms
      },
      receive: (...events: Parameters<typeof deliveryOf>[1]) => on.core.receiveWebhooks([deliveryOf(inbox, events)]),
      ask: (customerId = ann, count = free) => on.core.exportCustomer(inbox.actor, customerId, count),
      work: ({ id }: { id: ExportId }, attempt = FIRST) =>
        on.core.continueExport({ orgId: inbox.orgId, exportId: id }, attempt),
      view: ({ id }: { id: ExportId }) => on.queries.customerExport(inbox.orgId, id),
      begin: ({ id }: { id: ExportId }) =>
        on.unitOfWork.run(inbox.orgId, ({ exports }) => exports.begin(id, new Date(Date.now() + STALLED_MS))),
      append: (turn: ExportTurn, position: number, text: string) =>
        on.unitOfWork.run(inbox.orgId, ({ exports }) => exports.append(turn, position, Buffer.from(text))),
      read: (made: { id: ExportId }) => read(on, inbox.orgId, made.id),
      rows: () => rowsOf(on, inbox),
    }
  }

  async function read({ queries }: CoreOnDatabase, orgId: OrgId, id: ExportId): Promise<string | null> {
    const pieces: Uint8Array[] = []
    for (let at = 0; ; at++) {
      const piece = await queries.exportChunk(orgId, id, at)
      if (piece === null) return pieces.length === 0 ? null : Buffer.concat(pieces).toString()
      pieces.push(piece)
    }
  }

  const rowsOf = ({ orm }: CoreOnDatabase, { orgId }: Inbox) =>
    inOrganization(orm, orgId, async (tx) => {
      const [row] = await tx.rows<{ exports: number; files: number; chunks: number }>(
        `select (select count(*)::int from exports) as exports, (select count(*)::int from export_files) as files,
           (select count(*)::int from export_chunks) as chunks`,
      )
      return row
    })

  test.serial(`${profile}: the file has what was said both ways, in order and by the contract`, async (t) => {
    const { on, talk, ask, work, view, read, receive } = await program()
    await receive(
      aMessage({ externalId: 'm2', text: 'second', at: minutes(-1), replyToExternalId: null, thread: aThread('ann') }),
      anEdit('m2', 'second, edited', 1, minutes(0)),
    )
    const messageId = await reply(on, talk, 'the answer')
    await workOff(on)
    await receive(aMessage({ externalId: 'gone', text: 'taken back', thread: aThread('ann') }), anUnsend('gone'))
    const made = await ask()
    t.like(made, { state: 'PENDING', bytes: 0, failure: null, finishedAt: null, expiresAt: null })
    t.deepEqual(await work(made), { status: 'done' })
    const text = (await read(made))!
    const document = JSON.parse(text) as Document
    t.deepEqual(file.validateResponse(200, 'application/json', document), [])
    const [ticket] = document.tickets
    t.deepEqual(
      ticket?.messages.map(({ content }) => content),
      ['second, edited', null, 'Hello', 'the answer'],
    )
    t.like(ticket?.messages.at(-1), {
      ...{ id: messageId, direction: 'OUTBOUND', status: 'SENT' },
      author: { type: 'MEMBER', id: talk.inbox.memberId, name: 'Olive Owner' },
    })
    const ready = (await view(made))!
    t.like(ready, { state: 'READY', tickets: 1, messages: 4, bytes: Buffer.byteLength(text), failure: null })
    t.is(ready.expiresAt?.getTime(), ready.finishedAt!.getTime() + EXPORT_KEPT_MS)
    // Any job may come twice.
    t.deepEqual(await work(made), { status: 'done' })
    t.is(await read(made), text)
  })

  test.serial(
    `${profile}: asked again while one is written, the same is answered; afterwards another one`,
    async (t) => {
      const { on, inbox, ask, work, ann, customerOf } = await program()
      await startTalk(on, inbox, 'bob')
      const asked = await Promise.all([ask(), ask(), ask()])
      t.is(new Set(asked.map(({ id }) => id)).size, 1)
      const bobs = await ask(await customerOf('bob'))
      t.not(bobs.id, asked[0]?.id)
      await work(asked[0]!)
      t.not((await ask()).id, asked[0]?.id)
      const log = await inOrganization(on.orm, inbox.orgId, (tx) =>
        tx.rows<{ action: string }>(`select action from audit_log where resource_id = $1 order by at, id`, [ann]),
      )
      const told = log.map(({ action }) => action).filter((action) => action.startsWith('customer.export'))
      t.deepEqual(told, ['customer.export-requested', 'customer.exported', 'customer.export-requested'])
    },
  )

  test.serial(
    `S108: ${profile}: what makes no export is not counted, and what is not granted makes none`,
    async (t) => {
      const { on, inbox, ask, work, ann, customerOf, rows } = await program()
      let counted = 0
      const count = async () => void counted++
      const full = async () => {
        throw new Error('none left')
      }
      await t.throwsAsync(ask(ann, full), { message: 'none left' })
      t.deepEqual(await rows(), { exports: 0, files: 0, chunks: 0 })
      const asked = await Promise.all(Array.from({ length: 20 }, () => ask(ann, count)))
      t.is(new Set(asked.map(({ id }) => id)).size, 1)
      t.is(counted, 1)
      t.is((await ask(ann, full)).id, asked[0]!.id, 'one that runs is answered, however many there were')
      for (const nobody of [ids.next(), 'no id'])
        await t.throwsAsync(ask(nobody as CustomerId, count), { code: 'not-found' })
      t.is(counted, 1)
      await work(asked[0]!)
      await ask(ann, count)
      t.is(counted, 2)

      await startTalk(on, inbox, 'bob')
      const bob = await customerOf('bob')
      await on.core.eraseCustomer(inbox.actor, bob)
      await t.throwsAsync(ask(bob, count), { code: 'customer-being-erased' })
      t.is(counted, 2)
    },
  )

  test.serial(`${profile}: of each customer one file is kept, the newest that is whole`, async (t) => {
    const { on, inbox, ask, work, begin, customerOf, view, read, rows } = await program()
    await startTalk(on, inbox, 'bob')
    const bobs = await ask(await customerOf('bob'))
    await work(bobs)
    const older = await ask()
    await work(older)
    const newer = await ask()
    await begin(newer)
    t.like(await view(older), { state: 'READY' }, 'until there is another one')
    await work(newer)
    t.like(await view(older), { state: 'EXPIRED', messages: 1 })
    t.is(await read(older), null)
    await t.throwsAsync(on.core.fetchExport(inbox.actor, older.id), { code: 'export-expired' })
    t.like(await view(newer), { state: 'READY' })
    t.truthy(await read(newer))
    t.like(await view(bobs), { state: 'READY' })
    t.deepEqual(await rows(), { exports: 3, files: 2, chunks: 2 })
    // One that comes to nothing takes nobody's place.
    const failed = await ask()
    await on.unitOfWork.run(inbox.orgId, async ({ exports }) =>
      exports.fail((await exports.begin(failed.id, new Date(Date.now() + STALLED_MS)))!, 'gave-up', new Date()),
    )
    t.like(await view(newer), { state: 'READY' })
  })

  test.serial(`S139: ${profile}: another organization's customer, export and file are not there`, async (t) => {
    const { on, ask, work, ann } = await program()
    const other = await seedInbox(on.orm)
    const made = await ask()
    await work(made)
    const missing = await t.throwsAsync(on.core.exportCustomer(other.actor, ids.next() as CustomerId, free))
    t.like(await t.throwsAsync(on.core.exportCustomer(other.actor, ann, free)), {
      code: 'not-found',
      message: missing.message,
    })
    t.is(await on.queries.customerExport(other.orgId, made.id), null)
    t.is(await on.queries.exportChunk(other.orgId, made.id, 0), null)
    t.like(await t.throwsAsync(on.core.fetchExport(other.actor, made.id)), { code: 'not-found' })
    // As a job that names the wrong organization would.
    t.deepEqual(await on.core.continueExport({ orgId: other.orgId, exportId: made.id }, FIRST), { status: 'done' })
    await t.throwsAsync(on.core.exportCustomer(other.actor, 'no id' as CustomerId, free), {
      message: /no such customer/,
    })
    t.is(await on.queries.customerExport(other.orgId, 'no id' as ExportId), null)
  })

  test.serial(
    `${profile}: whoever died halfway leaves one file, and whoever was overtaken writes nothing more`,
    async (t) => {
      const { ask, begin, append, work, read, rows, view, on, inbox } = await program()
      const made = await ask()
      const dead = (await begin(made))!
      t.true(await append(dead, 0, 'half of '))
      t.true(await append(dead, 1, 'a file'))
      t.is(await read(made), null, 'nobody reads what is not whole')
      const slow = (await begin(made))!
      t.deepEqual(await rows(), { exports: 1, files: 1, chunks: 0 })
      t.true(await append(slow, 0, 'the slow one'))
      t.deepEqual(await work(made), { status: 'done' })
      t.false(await append(slow, 1, ' goes on'))
      const counts = { tickets: 9, messages: 9 }
      const times = { now: new Date(), until: new Date() }
      t.false(await on.unitOfWork.run(inbox.orgId, ({ exports }) => exports.finish(slow, counts, times)))
      await on.unitOfWork.run(inbox.orgId, ({ exports }) => exports.fail(slow, 'gave-up', new Date()))
      t.deepEqual(file.validateResponse(200, 'application/json', JSON.parse((await read(made))!)), [])
      t.like(await view(made), { state: 'READY', tickets: 1, messages: 1 })
      t.deepEqual(await rows(), { exports: 1, files: 1, chunks: 1 })
    },
  )

  test.serial(`${profile}: thousands of messages come in pieces, each of them once`, async (t) => {
    t.timeout(60_000)
    const { on, inbox, talk, ask, work, read, view } = await program()
    await many(on, inbox, talk.ticketId, 3_000, 'few words')
    const made = await ask()
    t.deepEqual(await work(made), { status: 'done' })
    const text = (await read(made))!
    t.true(text.length > 3 * EXPORT_CHUNK_BYTES)
    const { tickets } = JSON.parse(text) as Document
    t.is(new Set(tickets[0]?.messages.map(({ id }) => id)).size, 3_001)
    t.like(await view(made), { state: 'READY', messages: 3_001, bytes: Buffer.byteLength(text) })
  })

  test.serial(`${profile}: what is larger than a file may be has failed, and leaves none`, async (t) => {
    t.timeout(120_000)
    const { on, inbox, talk, ask, work, view, rows } = await program()
    await many(on, inbox, talk.ticketId, 700, 'x'.repeat(100_000))
    t.true(700 * 100_000 > MAX_EXPORT_BYTES)
    const made = await ask()
    t.deepEqual(await work(made), { status: 'done' })
    t.like(await view(made), { state: 'FAILED', failure: 'too-large', bytes: 0, expiresAt: null })
    t.deepEqual(await rows(), { exports: 1, files: 0, chunks: 0 })
    await t.throwsAsync(on.core.fetchExport(inbox.actor, made.id), { code: 'export-failed' })
    t.not((await ask()).id, made.id)
  })

  test.serial(
    `S138: ${profile}: what is taken back leaves a file that is there, and one that is being written`,
    async (t) => {
      const { ask, begin, append, work, view, read, receive, rows, on, inbox } = await program()
      await receive(aMessage({ externalId: 'm2', text: 'embarrassing', thread: aThread('ann') }))
      const there = await ask()
      await work(there)
      t.true((await read(there))!.includes('embarrassing'))
      const written = await ask()
      const turn = (await begin(written))!
      t.true(await append(turn, 0, 'embarrassing'))
      await receive(anUnsend('m2', minutes(1)))
      t.like(await view(there), { state: 'EXPIRED' })
      t.is(await read(there), null)
      await t.throwsAsync(on.core.fetchExport(inbox.actor, there.id), { code: 'export-expired' })
      t.false(await append(turn, 1, 'more'))
      t.deepEqual(await rows(), { exports: 2, files: 0, chunks: 0 })
      await work(written)
      t.like(await view(written), { state: 'READY' })
      t.false((await read(written))!.includes('embarrassing'))
      // Somebody else's is left alone.
      await startTalk(on, inbox, 'bob')
      await receive(aMessage({ externalId: 'b2', thread: aThread('bob') }), anUnsend('b2', minutes(2)))
      t.like(await view(written), { state: 'READY' })
    },
  )

  test.serial(
    `S138: ${profile}: an unsend that is under way is waited for before the first page is read`,
    async (t) => {
      const { on, inbox, ask, begin, talk, receive } = await program()
      await receive(aMessage({ externalId: 'm2', text: 'embarrassing', thread: aThread('ann') }))
      const made = await ask()
      const begun: unknown[] = []
      let beginning: Promise<unknown> | undefined
      await inOrganization(on.orm, inbox.orgId, async (tx) => {
        await tx.rows(
          `select from conversations where org_id = $1 and id = (select conversation_id from tickets where id = $2) for no key update`,
          [inbox.orgId, talk.ticketId],
        )
        beginning = begin(made).then((turn) => begun.push(turn))
        await waitsForLock(tx, () => begun.length > 0)
        t.deepEqual(begun, [])
      })
      await beginning
      t.is(begun.length, 1)
    },
  )

  test.serial(
    `S138: ${profile}: what a channel keeps no longer leaves a file that is there, and one that is being written`,
    async (t) => {
      const { on, inbox, talk, ann, customerOf, ask, begin, append, work, view, read, receive, rows } = await program()
      const sql = (text: string, ...params: unknown[]) =>
        inOrganization(on.orm, inbox.orgId, (tx) => tx.affected(text, [inbox.orgId, ...params]))
      await receive(aMessage({ externalId: 'm2', text: 'long ago', thread: aThread('ann') }))
      await startTalk(on, inbox, 'bob')
      const bobs = await ask(await customerOf('bob'))
      await work(bobs)
      const there = await ask()
      await work(there)
      t.true((await read(there))!.includes('long ago'))
      const written = await ask()
      const turn = (await begin(written))!
      t.true(await append(turn, 0, 'long ago'))

      await sql('update channels set retention_days = 30 where org_id = $1')
      await sql(
        `update tickets set status = 'RESOLVED', resolved_at = now() - interval '2 days' where org_id = $1 and id = $2`,
        talk.ticketId,
      )
      await sql(
        `update messages set sent_at = case content when 'Hello' then now() else now() - interval '40 days' end where org_id = $1 and ticket_id = $2`,
        talk.ticketId,
      )
      await on.core.expireMessages()
      t.like(await view(there), { state: 'EXPIRED' })
      t.is(await read(there), null)
      t.false(await append(turn, 1, ' and more'))
      t.like(await view(bobs), { state: 'READY' }, 'nothing of his went')
      t.deepEqual(await rows(), { exports: 3, files: 1, chunks: 1 })
      await work(written)
      t.like(await view(written), { state: 'READY', messages: 1 })
      t.false((await read(written))!.includes('long ago'))

      // What went is in no file any more, and she is: who she is was written after her messages had gone.
      await sql(
        `update messages set sent_at = now() - interval '40 days' where org_id = $1 and ticket_id = $2`,
        talk.ticketId,
      )
      await on.core.expireMessages()
      const whoSheIs = await ask()
      await work(whoSheIs)
      t.like(await view(whoSheIs), { state: 'READY', messages: 0 })
      const last = await ask()
      const lastTurn = (await begin(last))!
      await sql(`update customers set last_seen_at = now() - interval '40 days' where org_id = $1 and id = $2`, ann)
      await on.core.expireMessages()
      t.is(await on.queries.customer(inbox.orgId, ann), null)
      t.like(await view(whoSheIs), { state: 'EXPIRED' })
      t.is(await read(whoSheIs), null)
      t.false(await append(lastTurn, 0, 'who she is'))
      t.like(await view(last), { state: 'FAILED', failure: 'customer-expired' })
      t.deepEqual(await rows(), { exports: 5, files: 1, chunks: 1 })
      t.deepEqual(await work(last), { status: 'done' })
    },
  )

  test.serial(`${profile}: after a week the file is gone, and its receipt tells so`, async (t) => {
    const { on, inbox, ask, work, view, rows, pass } = await program()
    const made = await ask()
    await work(made)
    t.like(await on.core.fetchExport(inbox.actor, made.id), { id: made.id, state: 'READY' })
    const housekeeping = createHousekeeping(on.pool)
    t.is(await housekeeping.forgetExports(new Date()), 0)
    pass(EXPORT_KEPT_MS + 1)
    t.like(await view(made), { state: 'EXPIRED', messages: 1 })
    await t.throwsAsync(on.core.fetchExport(inbox.actor, made.id), { code: 'export-expired' })
    // Of every organization.
    t.true((await housekeeping.forgetExports(new Date(Date.now() + EXPORT_KEPT_MS + 60_000))) >= 1)
    t.deepEqual(await rows(), { exports: 1, files: 0, chunks: 0 })
    t.like(await view(made), { state: 'EXPIRED' })
    t.like(await ask(), { state: 'PENDING' })
  })

  test.serial(
    `${profile}: one that was left alone for a day has failed, and another one can be asked for`,
    async (t) => {
      const { ask, begin, view, pass, work } = await program()
      const made = await ask()
      const turn = await begin(made)
      t.truthy(turn)
      pass(STALLED_MS + 1_000)
      t.like(await view(made), { state: 'FAILED', failure: 'gave-up' })
      const another = await ask()
      t.not(another.id, made.id)
      t.deepEqual(await work(made), { status: 'done' })
      t.like(await view(made), { state: 'FAILED', failure: 'gave-up' })
      await work(another)
      t.like(await view(another), { state: 'READY' })
    },
  )

  test.serial(`${profile}: what fails each time is tried again, and says at last that it failed`, async (t) => {
    const { inbox, ask, work, view, rows } = await program()
    const made = await ask()
    await onServer(db.admin, (server) =>
      server.query(`alter table export_chunks add constraint full_disk check (org_id <> '${inbox.orgId}') not valid`),
    )
    await t.throwsAsync(work(made))
    t.like(await view(made), { state: 'PENDING' })
    t.deepEqual(await work(made, LAST), { status: 'done' })
    t.like(await view(made), { state: 'FAILED', failure: 'gave-up' })
    t.deepEqual(await rows(), { exports: 1, files: 0, chunks: 0 })
  })

  test.serial(
    `S135: ${profile}: who is erased takes their exports along, also one that is being written`,
    async (t) => {
      const { on, inbox, ask, begin, append, work, view, rows, ann, read } = await program()
      const there = await ask()
      await work(there)
      const written = await ask()
      const turn = (await begin(written))!
      const erasure = await on.core.eraseCustomer(inbox.actor, ann)
      await t.throwsAsync(ask(), { code: 'customer-being-erased' })
      t.deepEqual(await on.core.continueErasure({ orgId: inbox.orgId, erasureId: erasure.id }), { status: 'done' })
      t.false(await append(turn, 0, 'words'))
      t.like(await view(there), { state: 'EXPIRED', customerId: ann })
      t.like(await view(written), { state: 'FAILED', failure: 'customer-erased' })
      t.is(await read(there), null)
      t.deepEqual(await rows(), { exports: 2, files: 0, chunks: 0 })
      t.deepEqual(await work(written), { status: 'done' })
      await t.throwsAsync(ask(), { code: 'not-found' })
    },
  )
})

/** Messages of that text in the ticket, as if they had come one by one. */
const many = ({ orm }: CoreOnDatabase, { orgId }: Inbox, ticketId: string, count: number, content: string) =>
  inOrganization(orm, orgId, (tx) =>
    tx.affected(
      `insert into messages (id, org_id, ticket_id, conversation_id, direction, kind, author_type, via, status, sent_at, external_id, content)
       select gen_random_uuid(), t.org_id, t.id, t.conversation_id, 'INBOUND', 'TEXT', 'CUSTOMER', 'PLATFORM', 'RECEIVED',
         now() - n * interval '1 second', 'm.' || n, $4
       from tickets t, generate_series(1, $3::int) n where t.org_id = $1 and t.id = $2`,
      [orgId, ticketId, count, content],
    ),
  )

/** Until somebody waits for what this transaction holds, or it is over. */
async function waitsForLock(tx: { rows<T>(text: string): Promise<T[]> }, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const [row] = await tx.rows<{ waits: boolean }>(
      'select exists (select from pg_locks w where not w.granted and pg_backend_pid() = any (pg_blocking_pids(w.pid))) as waits',
    )
    if (row?.waits) return
    await pause(5)
  }
}
