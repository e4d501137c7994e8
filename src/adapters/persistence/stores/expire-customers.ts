import type { ChannelId, CustomerId } from '../../../core/ids.ts'
import type { Tx } from '../transaction.ts'
import { forgetChanges } from './expire-rows.ts'
import { forgetExports } from './export-store.ts'

/** Of a customer `c`: nothing of them is left, on this channel or on another. Whoever is being erased is the erasure's. */
export const deadCustomers = (channelId: string): string => `(not c.erasing
  and not exists (select from tickets t where t.org_id = c.org_id and t.customer_id = c.id)
  and not exists (select from conversations v join messages m on m.org_id = v.org_id and m.conversation_id = v.id
    where v.org_id = c.org_id and v.customer_id = c.id)
  and not exists (select from customer_identities i
    where i.org_id = c.org_id and i.customer_id = c.id and i.channel_id <> ${channelId}))`

/** In a transaction that has the channel to itself. */
export async function expireCustomers(
  tx: Tx,
  channelId: ChannelId,
  ids: readonly CustomerId[],
  before: Date,
  now: Date,
): Promise<number> {
  await tx.rows('select from customers where org_id = $1 and id = any($2::uuid[]) order by id for update', [
    tx.orgId,
    ids,
  ])
  const gone = await tx.rows<{ id: CustomerId }>(
    `delete from customers c where c.org_id = $1 and c.id = any($2::uuid[]) and c.channel_id = $3 and c.last_seen_at < $4
       and ${deadCustomers('$3')} returning c.id`,
    [tx.orgId, ids, channelId, before],
  )
  const customers = gone.map(({ id }) => id)
  await forgetExports(tx, customers, 'customer-expired', now)
  await forgetChanges(tx, customers)
  return gone.length
}

/** Whether a message of the platform's id in `x` is here. */
const NOT_HERE = `not exists (select from message_parts p where p.org_id = x.org_id and p.channel_id = x.channel_id and p.external_id = x.external_id)`

const FACTS = [
  `reactions x where x.org_id = $1 and x.channel_id = $2 and x.reacted_at < $3 and ${NOT_HERE}`,
  `tombstones x where x.org_id = $1 and x.channel_id = $2 and x.deleted_at < $3 and ${NOT_HERE}`,
  'early_edits x where x.org_id = $1 and x.channel_id = $2 and least(x.edited_at, x.created_at) < $3',
  'early_reads x where x.org_id = $1 and x.channel_id = $2 and x.created_at < $3',
  'opt_ins x where x.org_id = $1 and x.channel_id = $2 and x.told_at < $3',
  `media x where x.org_id = $1 and x.channel_id = $2 and x.asked_at < $3 and not exists (
     select from tickets t where t.org_id = x.org_id and t.channel_id = x.channel_id and t.context is not null
       and t.context ->> 'mediaId' = x.media_id)`,
]

/** What was said of messages that are not here, and never will be: they were sent before it was said. */
export async function expireFacts(tx: Tx, channelId: ChannelId, before: Date): Promise<void> {
  for (const fact of FACTS) await tx.affected(`delete from ${fact}`, [tx.orgId, channelId, before])
}
