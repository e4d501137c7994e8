import type { ErasureTraces } from '../../ports/erasure-store.ts'
import { HOLDS, inJson, MOST_LOOKED_FOR } from './stores/erasure-bodies.ts'
import { asSystem, type Orm, type SystemTx } from './transaction.ts'

/** Jobs that name people or messages; the others name channels and imports. */
const ABOUT_PEOPLE = ['profile-lookup', 'media-lookup', 'mention-lookup', 'message-lookup', 'doubt-check', 'reaction']
const FEW = 50

type WaitingRow = { id: string; body: Buffer; received_at: string | null; verified: boolean | null }
type UnclaimedRow = { id: string; body: Buffer; received_at: Date }

/** As the system role: bodies on their way belong to no organization yet, or to several. */
export const createErasureTraces = ({ orm }: { orm: Orm }): ErasureTraces => ({
  forgetJobs: (orgId, ids) =>
    asSystem(orm, (tx) =>
      tx.affected(
        `delete from jobs where org_id = $1 and queue = any($2) and state <> 'ACTIVE' and ${HOLDS('payload', '$3')}`,
        [orgId, ABOUT_PEOPLE, ids.flatMap(inJson)],
      ),
    ),

  async rewriteBodies(of, { people, messages }, rewrite) {
    let rewritten = await rewriteAll(orm, of, people, { isDead: false }, rewrite)
    // What waits loses what is theirs when it is taken in, whatever it names.
    for (let at = 0; at < messages.length; at += MOST_LOOKED_FOR)
      rewritten += await rewriteAll(orm, of, messages.slice(at, at + MOST_LOOKED_FOR), { isDead: true }, rewrite)
    return rewritten
  },
})

type Rewriting = Parameters<ErasureTraces['rewriteBodies']>

/** Bodies that hold one of these ids, in the table of jobs and among the unclaimed; `isDead`: of the former only those given up. */
async function rewriteAll(
  orm: Orm,
  { orgId, channelId, type, account }: Rewriting[0],
  ids: readonly string[],
  { isDead }: Readonly<{ isDead: boolean }>,
  rewrite: Rewriting[2],
): Promise<number> {
  const sought = ids.flatMap(inJson)
  let rewritten = 0
  // What somebody is working on leaves the table by itself, or comes back to it and loses what is theirs when it is taken in.
  for (let after: string | null = null; ; ) {
    const rows: WaitingRow[] = await asSystem(orm, async (tx) => {
      const found = await tx.rows<WaitingRow>(
        `select id, payload as body, meta ->> 'receivedAt' as received_at, (meta ->> 'verified')::boolean as verified
         from jobs where (state = 'DEAD' or state <> 'ACTIVE' and not $8::boolean) and ($1::uuid is null or id > $1::uuid)
           and queue <> all($6) and org_id is null
           and (meta ->> 'channelId' = $2 and meta ->> 'orgId' = $3
             or meta ->> 'channelId' is null and coalesce(meta ->> 'channelType', $7) = $7)
           and ${HOLDS('payload', '$4')}
         order by id limit $5 for update skip locked`,
        [after, channelId, orgId, sought, FEW, ABOUT_PEOPLE, type, isDead],
      )
      for (const { id, body, received_at, verified } of found) {
        const left = rewrite(body, { receivedAt: timeOf(received_at), verified: verified ?? true })
        if (left === body) continue
        rewritten++
        if (left.length > 0) await tx.affected('update jobs set payload = $2 where id = $1', [id, left])
        else await tx.affected('delete from jobs where id = $1', [id])
      }
      return found
    })
    after = rows.at(-1)?.id ?? null
    if (rows.length < FEW) break
  }
  return rewritten + (await asSystem(orm, (tx) => unclaimed(tx, { type, account }, sought, rewrite)))
}

async function unclaimed(
  tx: SystemTx,
  { type, account }: Pick<Rewriting[0], 'type' | 'account'>,
  sought: readonly Buffer[],
  rewrite: Rewriting[2],
): Promise<number> {
  let gone = 0
  const rows = await tx.rows<UnclaimedRow>(
    `select id, body, received_at from unclaimed_entries where type = $1 and account = $2 and ${HOLDS('body', '$3')}`,
    [type, account, sought],
  )
  for (const { id, body, received_at } of rows) {
    const left = rewrite(body, { receivedAt: received_at, verified: true })
    if (left === body) continue
    gone++
    if (left.length > 0) await tx.affected('update unclaimed_entries set body = $2 where id = $1', [id, left])
    else await tx.affected('delete from unclaimed_entries where id = $1', [id])
  }
  return gone
}

const timeOf = (text: string | null): Date => {
  const time = new Date(text ?? Number.NaN)
  return Number.isNaN(time.getTime()) ? new Date() : time
}
