import { DomainError, NotFound } from '../../../core/errors.ts'
import type { CustomerId, ExportId, TicketId } from '../../../core/ids.ts'
import type { ExportedIdentity, ExportStore, ExportTurn } from '../../../ports/export-store.ts'
import type { ExportFailure } from '../../../ports/views.ts'
import type { Tx } from '../transaction.ts'
import { isUuid } from '../uuid.ts'
import type { StoreDeps } from './index.ts'
import { insertRows } from './insert-rows.ts'
import { bytea } from './raw-events.ts'

const FEW = 100

export const createExportStore = (tx: Tx, deps: StoreDeps): ExportStore => ({
  async request(customerId, { id, now, stalled }) {
    // Whoever erases them waits for this, or was first.
    const [customer] = isUuid(customerId)
      ? await tx.rows<{ erasing: boolean }>(
          'select erasing from customers where org_id = $1 and id = $2 for key share',
          [tx.orgId, customerId],
        )
      : []
    if (!customer) throw new NotFound('customer')
    if (customer.erasing)
      throw new DomainError(
        'customer-being-erased',
        'The customer is being erased: nothing of theirs is written any more.',
      )
    const left = await tx.rows<ExportTurn>(
      `select id, customer_id as "customerId", turn from exports
       where org_id = $1 and customer_id = $2 and state = 'PENDING' and requested_at < $3 for update`,
      [tx.orgId, customerId, stalled],
    )
    for (const turn of left) await fail(tx, turn, 'gave-up', now)
    // The other one may end in between.
    for (;;) {
      const made = await tx.affected(
        `insert into exports (id, org_id, customer_id, requested_at) values ($1, $2, $3, $4)
         on conflict (org_id, customer_id) where state = 'PENDING' do nothing`,
        [id, tx.orgId, customerId, now],
      )
      if (made > 0) break
      const [running] = await tx.rows<{ id: ExportId }>(
        `select id from exports where org_id = $1 and customer_id = $2 and state = 'PENDING'`,
        [tx.orgId, customerId],
      )
      if (running) return { id: running.id, isNew: false }
    }
    const payload = bytea(Buffer.from(JSON.stringify({ orgId: tx.orgId, exportId: id })))
    insertRows(tx, 'jobs', { id: 'uuid', queue: 'text', payload: 'bytea' }, [
      { id: deps.ids.next(), queue: 'export', payload },
    ])
    return { id, isNew: true }
  },

  async begin(id, until) {
    // Whoever takes a message back has the conversation: it ends before the first page is read, or finds this export.
    await tx.rows(
      `select from conversations v where v.org_id = $1
         and v.customer_id = (select customer_id from exports where org_id = $1 and id = $2) order by v.id for share`,
      [tx.orgId, id],
    )
    const [begun] = await tx.rows<ExportTurn>(
      `update exports set turn = turn + 1, bytes = 0 where org_id = $1 and id = $2 and state = 'PENDING'
       returning id, customer_id as "customerId", turn`,
      [tx.orgId, id],
    )
    if (!begun) return null
    await dropFile(tx, id)
    await tx.affected('insert into export_files (org_id, export_id, expires_at) values ($1, $2, $3)', [
      tx.orgId,
      id,
      until,
    ])
    return begun
  },

  identities: (customerId) =>
    tx.rows<ExportedIdentity>(
      `select ch.platform, i.channel_id as "channelId", i.external_id as "externalId", i.username, i.name,
         i.picture_url as "pictureUrl"
       from customer_identities i join channels ch on ch.org_id = i.org_id and ch.id = i.channel_id
       where i.org_id = $1 and i.customer_id = $2 order by i.id`,
      [tx.orgId, customerId],
    ),

  async tickets(customerId, after) {
    const rows = await tx.rows<{ id: TicketId }>(
      `select id from tickets where org_id = $1 and customer_id = $2 and ($3::uuid is null or id > $3::uuid)
       order by id limit ${FEW}`,
      [tx.orgId, customerId, after],
    )
    return rows.map(({ id }) => id)
  },

  async own(customerId, externalIds) {
    if (externalIds.length === 0) return new Set()
    const rows = await tx.rows<{ external_id: string }>(
      `select p.external_id from message_parts p
       join messages m on m.org_id = p.org_id and m.id = p.message_id
       join tickets t on t.org_id = m.org_id and t.id = m.ticket_id
       where p.org_id = $1 and p.external_id = any($3) and t.customer_id = $2
         and p.channel_id in (select i.channel_id from customer_identities i where i.org_id = $1 and i.customer_id = $2)`,
      [tx.orgId, customerId, externalIds],
    )
    return new Set(rows.map(({ external_id }) => external_id))
  },

  async append(turn, position, bytes) {
    const held = await tx.affected(
      `update exports set bytes = bytes + $4 where org_id = $1 and id = $2 and turn = $3 and state = 'PENDING'`,
      [tx.orgId, turn.id, turn.turn, bytes.length],
    )
    if (held === 0) return false
    await tx.affected('insert into export_chunks (org_id, export_id, position, bytes) values ($1, $2, $3, $4)', [
      ...[tx.orgId, turn.id, position, bytes],
    ])
    return true
  },

  async finish(turn, { tickets, messages }, { now, until }) {
    await lockExports(tx, [turn.customerId])
    const ended = await tx.affected(
      `update exports set state = 'READY', tickets = $4, messages = $5, finished_at = $6, expires_at = $7
       where org_id = $1 and id = $2 and turn = $3 and state = 'PENDING'`,
      [tx.orgId, turn.id, turn.turn, tickets, messages, now, until],
    )
    if (ended === 0) return false
    await tx.affected('update export_files set expires_at = $3 where org_id = $1 and export_id = $2', [
      tx.orgId,
      turn.id,
      until,
    ])
    const older = await tx.rows<{ id: ExportId }>(
      `update exports e set expires_at = least(e.expires_at, $4)
       where e.org_id = $1 and e.customer_id = $2 and e.id <> $3 and ${HAS_FILE} returning e.id`,
      [tx.orgId, turn.customerId, turn.id, now],
    )
    await dropFiles(tx, older)
    return true
  },

  fail: (turn, failure, now) => fail(tx, turn, failure, now),
})

async function fail(tx: Tx, { id, turn }: ExportTurn, failure: string, now: Date): Promise<void> {
  const ended = await tx.affected(
    `update exports set state = 'FAILED', failure = $4, finished_at = $5
     where org_id = $1 and id = $2 and turn = $3 and state = 'PENDING'`,
    [tx.orgId, id, turn, failure, now],
  )
  if (ended > 0) await dropFile(tx, id)
}

async function dropFile(tx: Tx, id: ExportId): Promise<void> {
  await dropFiles(tx, [{ id }])
}

async function dropFiles(tx: Tx, all: readonly Readonly<{ id: ExportId }>[]): Promise<void> {
  if (all.length === 0) return
  const ids = all.map(({ id }) => id)
  await tx.affected('delete from export_files where org_id = $1 and export_id = any($2::uuid[])', [tx.orgId, ids])
}

/** Of a whole export `e`. */
const HAS_FILE = `e.state = 'READY' and exists (select from export_files f where f.org_id = e.org_id and f.export_id = e.id)`

/** In one order, for whoever changes several, so that no two wait for each other. */
async function lockExports(tx: Tx, customers: readonly CustomerId[]): Promise<void> {
  await tx.rows(
    'select from exports where org_id = $1 and customer_id = any($2::uuid[]) order by id for no key update',
    [tx.orgId, customers],
  )
}

/** With the customers. Whoever writes one finds that it is not wanted any more. */
export async function forgetExports(
  tx: Tx,
  customers: readonly CustomerId[],
  failure: Extract<ExportFailure, 'customer-erased' | 'customer-expired'>,
  now: Date,
): Promise<void> {
  if (customers.length === 0) return
  await lockExports(tx, customers)
  // Before the files: whoever writes holds the receipt.
  await tx.affected(
    `update exports set failure = case state when 'PENDING' then $4 else failure end,
       finished_at = coalesce(finished_at, $3), expires_at = least(expires_at, $3),
       state = case state when 'PENDING' then 'FAILED' else state end
     where org_id = $1 and customer_id = any($2::uuid[])`,
    [tx.orgId, customers, now, failure],
  )
  await tx.affected(
    `delete from export_files f using exports e
     where f.org_id = $1 and e.org_id = $1 and e.id = f.export_id and e.customer_id = any($2::uuid[])`,
    [tx.orgId, customers],
  )
}

/**
 * What was taken back, or is kept no longer, leaves the files that may hold it: a whole one goes, and one that is being written
 * begins anew. Before the messages go.
 */
export async function withdrawExports(tx: Tx, messageIds: readonly string[]): Promise<void> {
  const people = await tx.rows<{ id: CustomerId }>(
    `select distinct t.customer_id as id from messages m join tickets t on t.org_id = m.org_id and t.id = m.ticket_id
     where m.org_id = $1 and m.id = any($2::uuid[])`,
    [tx.orgId, messageIds],
  )
  const customers = people.map(({ id }) => id)
  await lockExports(tx, customers)
  const stale = await tx.rows<{ id: ExportId }>(
    `update exports e set turn = e.turn + 1, expires_at = least(e.expires_at, now())
     where e.org_id = $1 and e.customer_id = any($2::uuid[]) and (e.state = 'PENDING' or ${HAS_FILE}) returning e.id`,
    [tx.orgId, customers],
  )
  await dropFiles(tx, stale)
}
