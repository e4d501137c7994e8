import type { ChannelId, RawEventId } from '../../../core/ids.ts'
import { namedIn } from '../../../core/message/raw-bodies.ts'
import type { ErasedIdentity, ErasureFacts, ErasureStore } from '../../../ports/erasure-store.ts'
import type { Tx } from '../transaction.ts'

/** Rows that one statement looks at: far from the time that a statement may take. */
const WINDOW = 2_000
/**
 * The database looks for one id after the other: so many it finds long before its time is over. Beyond, they are sought in turns, or bodies
 * are read here, where any number of ids costs as much as one.
 */
export const MOST_LOOKED_FOR = 200
/** As many bodies, and as many bytes unless a single one has more, are in memory then. */
const READ_AT_ONCE = 200
const READ_BYTES = 8 * 1024 * 1024

type BodyRow = {
  id: RawEventId
  channel_id: ChannelId
  body: Buffer
  verified: boolean
  request_id: string | null
  received_at: Date
}

/** Kept bodies that may hold something of somebody, window by window. */
export async function bodiesAbout(
  tx: Tx,
  facts: ErasureFacts,
  identity: ErasedIdentity,
  after: RawEventId | null,
): ReturnType<ErasureStore['bodies']> {
  const find = identity.messages.length <= MOST_LOOKED_FOR ? soughtIn : readIn
  const { rows, next } = await find(tx, facts, identity, after)
  const found = rows.map((row) => ({
    id: row.id,
    orgId: tx.orgId,
    channelId: row.channel_id,
    body: row.body,
    verified: row.verified,
    receivedAt: row.received_at,
    requestId: row.request_id ?? '',
  }))
  return { found, next }
}

type Window = Readonly<{ rows: readonly BodyRow[]; next: RawEventId | null }>

const BODY_COLUMNS = 'id, channel_id, body, verified, request_id, received_at'

/** The database looks for each id in each body. */
async function soughtIn(
  tx: Tx,
  { bodies }: ErasureFacts,
  { channelId, people, messages }: ErasedIdentity,
  after: RawEventId | null,
): Promise<Window> {
  const window = await tx.rows<{ id: RawEventId }>(
    `select id from raw_events where org_id = $1 and ($2::uuid is null or id > $2::uuid) order by id limit ${WINDOW}`,
    [tx.orgId, after],
  )
  const last = window.at(-1)
  if (!last) return { rows: [], next: null }
  const rows = await tx.rows<BodyRow>(
    `select ${BODY_COLUMNS} from raw_events
     where org_id = $1 and channel_id = $2 and ($3::uuid is null or id > $3::uuid) and id <= $4 and octet_length(body) > 0
       and (id = any($5::uuid[]) or ${HOLDS('body', '$6')})
     order by id for update`,
    [tx.orgId, channelId, after, last.id, bodies, [...people, ...messages].flatMap(inJson)],
  )
  return { rows, next: window.length < WINDOW ? null : last.id }
}

/** Each body of the channel is read, and what it names is looked up. */
async function readIn(
  tx: Tx,
  { bodies }: ErasureFacts,
  { channelId, people, messages }: ErasedIdentity,
  after: RawEventId | null,
): Promise<Window> {
  const window = await tx.rows<{ id: RawEventId; total: string }>(
    `select id, sum(octet_length(body)) over (order by id) as total from (
       select id, body from raw_events where org_id = $1 and channel_id = $2 and ($3::uuid is null or id > $3::uuid)
       order by id limit ${READ_AT_ONCE}) few order by id`,
    [tx.orgId, channelId, after],
  )
  const few = window.filter(({ total }, at) => at === 0 || Number(total) <= READ_BYTES)
  const last = few.at(-1)
  if (!last) return { rows: [], next: null }
  const rows = await tx.rows<BodyRow>(
    `select ${BODY_COLUMNS} from raw_events where org_id = $1 and id = any($2::uuid[]) and octet_length(body) > 0
     order by id for update`,
    [tx.orgId, few.map(({ id }) => id)],
  )
  const known = new Set(bodies)
  const ids = new Set([...people, ...messages].flatMap((id) => inJson(id).map(String)))
  const written = people.flatMap(inJson)
  const holds = ({ id, body }: BodyRow) =>
    known.has(id) || written.some((person) => body.includes(person)) || namedIn(body).some((name) => ids.has(name))
  return {
    rows: rows.filter(holds),
    next: few.length < window.length || window.length === READ_AT_ONCE ? last.id : null,
  }
}

/** Whether bytes hold one of these. */
export const HOLDS = (bytes: string, sought: string): string =>
  `exists (select from unnest(${sought}::bytea[]) as w (id) where position(w.id in ${bytes}) > 0)`

/** As JSON text has an id: some writers put a backslash before each slash, or write what is not ASCII as numbers. */
export const inJson = (id: string): Buffer[] => {
  const quoted = JSON.stringify(id).slice(1, -1)
  const ascii = quoted.replace(/[\u0080-\uffff]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return [...new Set([quoted, quoted.replaceAll('/', '\\/'), ascii])].map((text) => Buffer.from(text))
}
