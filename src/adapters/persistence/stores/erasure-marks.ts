import { createHmac, randomBytes } from 'node:crypto'
import { type Erased, NOBODY } from '../../../core/customer/erased.ts'
import type { ChannelId } from '../../../core/ids.ts'
import type { IdSource } from '../../../ports/id-source.ts'
import type { SecretBox } from '../../../ports/secret-box.ts'
import { erasureKeyPlace } from '../sealed-places.ts'
import type { Tx } from '../transaction.ts'

const KEY_BYTES = 32

type KeyRow = { id: string; sealed: string }

/**
 * Which of these ids carry a mark. Nobody marks any while the caller has the channel (`lockChannel`). Where nobody of the channel was
 * erased, which is nearly everywhere, nothing is hashed and `ids` is not asked.
 */
export async function erasedAmong(
  tx: Tx,
  secretBox: SecretBox,
  channelId: ChannelId,
  ids: () => Iterable<string>,
): Promise<Erased> {
  const [key] = await tx.rows<KeyRow>(
    `select k.id, k.sealed from erasure_keys k where k.org_id = $1 and exists (
       select from erasure_marks e where e.org_id = $1 and e.channel_id = $2)`,
    [tx.orgId, channelId],
  )
  if (!key) return NOBODY
  const hash = hashWith(opened(tx, secretBox, key))
  const byHash = new Map([...new Set(ids())].map((id) => [hash(channelId, id).toString('hex'), id]))
  const marks = await tx.rows<{ hash: string; until: Date | null }>(
    `select encode(e.hash, 'hex') as hash, e.until from erasure_marks e
     where e.org_id = $1 and e.channel_id = $2 and e.hash in (select decode(h, 'hex') from unnest($3::text[]) as h)`,
    [tx.orgId, channelId, [...byHash.keys()]],
  )
  const people = new Map<string, Date>()
  const messages = new Set<string>()
  for (const { hash: marked, until } of marks) {
    const id = byHash.get(marked)
    if (id === undefined) continue
    if (until === null) messages.add(id)
    else people.set(id, until)
  }
  return { ...NOBODY, people, messages }
}

/** Somebody's ids of one channel; the caller has it alone. The later time stands. */
export async function markErased(
  tx: Tx,
  { ids, secretBox }: Readonly<{ ids: IdSource; secretBox: SecretBox }>,
  channelId: ChannelId,
  { people, messages }: Readonly<{ people: readonly string[]; messages: readonly string[] }>,
  until: Date,
): Promise<void> {
  const hash = hashWith(await keyOf(tx, ids, secretBox))
  const marks = [
    ...messages.map((id) => ({ hash: hash(channelId, id).toString('hex'), until: null })),
    ...people.map((id) => ({ hash: hash(channelId, id).toString('hex'), until })),
  ]
  await tx.affected(
    `insert into erasure_marks (org_id, channel_id, hash, until)
     select distinct on (m.hash) $1::uuid, $2::uuid, decode(m.hash, 'hex'), m.until
     from unnest($3::text[], $4::timestamptz[]) as m (hash, until) order by m.hash, m.until desc nulls last
     on conflict (org_id, channel_id, hash) do update set until = greatest(erasure_marks.until, excluded.until)`,
    [tx.orgId, channelId, marks.map((mark) => mark.hash), marks.map((mark) => mark.until)],
  )
}

async function keyOf(tx: Tx, ids: IdSource, secretBox: SecretBox): Promise<Buffer> {
  const id = ids.next()
  const fresh = randomBytes(KEY_BYTES).toString('base64')
  // Of two that make the first one at once, the second finds what the first has committed.
  await tx.affected(
    'insert into erasure_keys (id, org_id, sealed) values ($1, $2, $3) on conflict (org_id) do nothing',
    [id, tx.orgId, secretBox.seal(fresh, erasureKeyPlace(tx.orgId, id))],
  )
  const [key] = await tx.rows<KeyRow>('select id, sealed from erasure_keys where org_id = $1', [tx.orgId])
  if (!key) throw new Error('the organization has no key for its marks')
  return opened(tx, secretBox, key)
}

const opened = (tx: Tx, secretBox: SecretBox, { id, sealed }: KeyRow): Buffer =>
  Buffer.from(secretBox.open(sealed, erasureKeyPlace(tx.orgId, id)), 'base64')

const hashWith =
  (key: Buffer) =>
  (channelId: ChannelId, id: string): Buffer =>
    createHmac('sha256', key).update(`${channelId}\n${id}`).digest()
