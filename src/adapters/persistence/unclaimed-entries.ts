import { createHash } from 'node:crypto'
import type { ExternalAccountId, ExternalMessageId, RawEventId } from '../../core/ids.ts'
import type { ReadEntry, UnclaimedCount, UnclaimedEntries } from '../../ports/unclaimed-entries.ts'
import { insertRows } from './stores/insert-rows.ts'
import { bytea } from './stores/raw-events.ts'
import { asSystem, type Orm, type SystemTx } from './transaction.ts'

/** Of one account: enough for the days in which somebody connects it, and too little to fill a disk. */
const MOST = { entries: 2_000, bytes: 16 * 1024 * 1024 }

const COLUMNS = {
  id: 'uuid',
  type: 'text',
  account: 'text',
  hash: 'bytea',
  body: 'bytea',
  request_id: 'text',
  received_at: 'timestamptz(3)',
  worded: 'text[]',
  taken_back: 'text[]',
}

const TRIM = `
delete from unclaimed_entries where type = $1 and account = $2 and id in (
  select id from (
    select id, row_number() over newest as place, sum(octet_length(body)) over newest as bytes from unclaimed_entries
    where type = $1 and account = $2 window newest as (order by received_at desc, id desc)
  ) kept where place > $3 or bytes > $4)`

const COUNTS = `
select type, account, count(*)::int as entries, sum(octet_length(body))::int as bytes, min(received_at) as oldest,
  max(received_at) as newest
from unclaimed_entries group by type, account order by newest desc limit $1`

type Row = { id: RawEventId; account: ExternalAccountId; body: Buffer; request_id: string; received_at: Date }

/** As the system role: what is nobody's has no organization that a policy could compare. */
export const createUnclaimedEntries = ({ orm, most = MOST }: { orm: Orm; most?: typeof MOST }): UnclaimedEntries => ({
  async keep(type, entries, redact) {
    const accounts = Map.groupBy(entries, ({ account }) => account)
    for (const [account, own] of accounts) {
      await asSystem(orm, (tx) => keepOf(tx, { type, account, most }, own, redact))
    }
  },

  next: (type, accounts, limit) =>
    asSystem(orm, async (tx) => {
      const rows = await tx.rows<Row>(
        `select id, account, body, request_id, received_at from unclaimed_entries
         where type = $1 and account = any($2) order by received_at, id limit $3`,
        [type, accounts, limit],
      )
      return rows.map(({ id, account, body, request_id, received_at }) => ({
        ...{ id, account, body },
        receivedAt: received_at,
        requestId: request_id,
      }))
    }),

  forget: (ids) =>
    asSystem(orm, async (tx) => {
      await tx.affected('delete from unclaimed_entries where id = any($1)', [ids])
    }),

  forgetAccounts: (type, accounts, upTo) =>
    asSystem(orm, async (tx) => {
      await tx.affected(
        'delete from unclaimed_entries where type = $1 and account = any($2) and received_at <= $3::timestamptz',
        [type, accounts, upTo],
      )
    }),

  counts: (limit) => asSystem(orm, (tx) => tx.rows<UnclaimedCount>(COUNTS, [limit])),
})

type Of = Readonly<{ type: string; account: ExternalAccountId; most: typeof MOST }>

async function keepOf(
  tx: SystemTx,
  { type, account, most }: Of,
  entries: readonly ReadEntry[],
  redact: Parameters<UnclaimedEntries['keep']>[2],
): Promise<void> {
  // A message and its unsend share no row: two transactions at once would each miss what the other brings.
  await tx.rows('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`unclaimed ${type} ${account}`])
  const gone = await takenBackOf(tx, { type, account }, entries)
  await insertRows(
    tx,
    'unclaimed_entries',
    COLUMNS,
    entries.map(({ id, body, receivedAt, requestId, worded, takenBack }) => ({
      ...{ id, type, account, worded },
      hash: bytea(createHash('sha256').update(body).digest()),
      body: bytea(worded.some((one) => gone.has(one)) ? redact(body, gone) : body),
      request_id: requestId,
      received_at: receivedAt,
      taken_back: takenBack,
    })),
    'on conflict do nothing',
  )
  const takenBack = new Set(entries.flatMap((entry) => entry.takenBack))
  if (takenBack.size > 0) {
    const holding = await tx.rows<Pick<Row, 'id' | 'body'>>(
      'select id, body from unclaimed_entries where type = $1 and account = $2 and worded && $3',
      [type, account, [...takenBack]],
    )
    for (const { id, body } of holding)
      await tx.affected('update unclaimed_entries set body = $2 where id = $1', [id, redact(body, takenBack)])
  }
  await tx.affected(TRIM, [type, account, most.entries, most.bytes])
}

/** Which messages of these entries were taken back by one that came before them. */
async function takenBackOf(
  tx: SystemTx,
  { type, account }: Omit<Of, 'most'>,
  entries: readonly ReadEntry[],
): Promise<ReadonlySet<ExternalMessageId>> {
  const worded = [...new Set(entries.flatMap((entry) => entry.worded))]
  if (worded.length === 0) return new Set()
  const rows = await tx.rows<{ external_id: ExternalMessageId }>(
    `select distinct external_id from unclaimed_entries, unnest(taken_back) as external_id
     where type = $1 and account = $2 and taken_back && $3 and external_id = any($3)`,
    [type, account, worded],
  )
  return new Set(rows.map(({ external_id }) => external_id))
}
