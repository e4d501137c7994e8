import { createHash } from 'node:crypto'
import type { ExternalAccountId, ExternalMessageId, RawEventId } from '../../core/ids.ts'
import type { ReadEntry, UnclaimedCount, UnclaimedEntries } from '../../ports/unclaimed-entries.ts'
import { insertRows } from './stores/insert-rows.ts'
import { bytea } from './stores/raw-events.ts'
import { asSystem, type Orm, type SystemTx } from './transaction.ts'

/** Of one account: enough for the days in which somebody connects it, and too little to fill a disk. */
const MOST = { entries: 2_000, bytes: 16 * 1024 * 1024 }

/** What one transaction keeps: few round trips for many accounts, and no statement that holds many large bodies. */
const PORTION = { entries: 200, bytes: 4 * 1024 * 1024 }

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

/** In their order, so that two that keep entries of the same accounts never wait for each other. */
const LOCK = `
select pg_advisory_xact_lock(hash) from (
  select distinct hashtextextended('unclaimed ' || $1 || ' ' || account, 0) as hash from unnest($2::text[]) as account order by hash
) of_accounts`

const TAKEN_BACK = `
select distinct account, external_id from unclaimed_entries, unnest(taken_back) as external_id
where type = $1 and account = any($2) and taken_back && $3 and external_id = any($3)`

const HOLDING = 'select id, account, body from unclaimed_entries where type = $1 and account = any($2) and worded && $3'

const TRIM = `
delete from unclaimed_entries where type = $1 and account = any($2) and id in (
  select id from (
    select id, row_number() over newest as place, sum(octet_length(body)) over newest as bytes from unclaimed_entries
    where type = $1 and account = any($2) window newest as (partition by account order by received_at desc, id desc)
  ) kept where place > $3 or bytes > $4)`

const COUNTS = `
select type, account, count(*)::int as entries, sum(octet_length(body))::int as bytes, min(received_at) as oldest,
  max(received_at) as newest
from unclaimed_entries group by type, account order by newest desc limit $1`

type Row = { id: RawEventId; account: ExternalAccountId; body: Buffer; request_id: string; received_at: Date }

/** As the system role: what is nobody's has no organization that a policy could compare. */
export const createUnclaimedEntries = ({ orm, most = MOST }: { orm: Orm; most?: typeof MOST }): UnclaimedEntries => ({
  async keep(type, entries, redact) {
    for (const some of inPortions(entries)) await asSystem(orm, (tx) => keepSome(tx, { type, most }, some, redact))
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

/** A body may speak of a thousand accounts: by ones, their entries would hold up everybody else's. */
function inPortions(entries: readonly ReadEntry[]): readonly (readonly ReadEntry[])[] {
  const portions: ReadEntry[][] = []
  let [open, bytes] = [[] as ReadEntry[], Number.POSITIVE_INFINITY]
  for (const entry of entries) {
    if (bytes + entry.body.length > PORTION.bytes || open.length === PORTION.entries) {
      open = []
      bytes = 0
      portions.push(open)
    }
    open.push(entry)
    bytes += entry.body.length
  }
  return portions
}

type Of = Readonly<{ type: string; most: typeof MOST }>
type Gone = ReadonlyMap<ExternalAccountId, ReadonlySet<ExternalMessageId>>
const NONE: ReadonlySet<ExternalMessageId> = new Set()

async function keepSome(
  tx: SystemTx,
  { type, most }: Of,
  entries: readonly ReadEntry[],
  redact: Parameters<UnclaimedEntries['keep']>[2],
): Promise<void> {
  const accounts = [...new Set(entries.map(({ account }) => account))]
  // A message and its unsend share no row: two transactions at once would each miss what the other brings.
  await tx.rows(LOCK, [type, accounts])
  const before = await takenBackOf(tx, { type, accounts }, entries)
  insertRows(
    tx,
    'unclaimed_entries',
    COLUMNS,
    entries.map(({ id, account, body, receivedAt, requestId, worded, takenBack }) => {
      const gone = before.get(account) ?? NONE
      return {
        ...{ id, type, account, worded },
        hash: bytea(createHash('sha256').update(body).digest()),
        body: bytea(worded.some((one) => gone.has(one)) ? redact(body, gone) : body),
        request_id: requestId,
        received_at: receivedAt,
        taken_back: takenBack,
      }
    }),
    'on conflict do nothing',
  )
  const now = byAccount(entries.flatMap(({ account, takenBack }) => takenBack.map((id) => [account, id] as const)))
  if (now.size > 0) {
    const all = [...new Set([...now.values()].flatMap((ids) => [...ids]))]
    const holding = await tx.rows<Pick<Row, 'id' | 'account' | 'body'>>(HOLDING, [type, [...now.keys()], all])
    for (const { id, account, body } of holding) {
      const redacted = redact(body, now.get(account) ?? NONE)
      await tx.affected('update unclaimed_entries set body = $2 where id = $1', [id, redacted])
    }
  }
  await tx.affected(TRIM, [type, accounts, most.entries, most.bytes])
}

/** Which messages of these entries were taken back by one that came before them. */
async function takenBackOf(
  tx: SystemTx,
  { type, accounts }: Readonly<{ type: string; accounts: readonly ExternalAccountId[] }>,
  entries: readonly ReadEntry[],
): Promise<Gone> {
  const worded = [...new Set(entries.flatMap((entry) => entry.worded))]
  if (worded.length === 0) return new Map()
  type TakenBack = { account: ExternalAccountId; external_id: ExternalMessageId }
  const rows = await tx.rows<TakenBack>(TAKEN_BACK, [type, accounts, worded])
  return byAccount(rows.map(({ account, external_id }) => [account, external_id] as const))
}

/** Ids of messages are an account's own: another one's may be the same. */
function byAccount(pairs: readonly (readonly [ExternalAccountId, ExternalMessageId])[]): Gone {
  const grouped = Map.groupBy(pairs, ([account]) => account)
  return new Map([...grouped].map(([account, own]) => [account, new Set(own.map(([, id]) => id))]))
}
