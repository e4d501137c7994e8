import type { ChannelId, CustomerId, OrgId } from '../../../core/ids.ts'
import type { CustomerFilter, PageOf, PageRequest } from '../../../ports/inbox-queries.ts'
import type { CustomerView } from '../../../ports/views.ts'
import type { Tx } from '../transaction.ts'
import { addBefore, type Conditions, canExist, conditions, emptyPage, pageOf } from './conditions.ts'
import { referralsOf, type StoredReferral } from './referrals.ts'

type Row = {
  id: CustomerId
  org_id: OrgId
  platform: string
  channel_id: ChannelId
  external_id: string
  username: string | null
  display_name: string | null
  picture_url: string | null
  first_referral: StoredReferral | null
  last_referral: StoredReferral | null
  created_at: Date
  last_seen_at: Date
}

/** A customer has one identity so far; the oldest stands for them once there are several. */
const SELECT = `
select c.id, c.org_id, ch.platform, c.channel_id, i.external_id, i.username, coalesce(c.display_name, i.name) as display_name,
  i.picture_url, c.created_at, c.last_seen_at, dm.first_referral, dm.last_referral
from customers c
join channels ch on ch.org_id = c.org_id and ch.id = c.channel_id
join lateral (select * from customer_identities x where x.org_id = c.org_id and x.customer_id = c.id order by x.id limit 1) i on true
-- Referrals are told among the direct messages, of which there is one conversation.
left join lateral (select v.first_referral, v.last_referral from conversations v
  where v.org_id = c.org_id and v.customer_id = c.id and v.surface = 'DM' order by v.id limit 1) dm on true`

const select = (tx: Tx, where: Conditions, rest = '') =>
  tx.rows<Row>(`${SELECT} where ${where.where} ${rest}`, where.params)

const inOrg = (tx: Tx): Conditions => {
  const where = conditions()
  where.add((p) => `c.org_id = ${p}`, tx.orgId)
  return where
}

export async function customersPage(tx: Tx, filter: CustomerFilter, page: PageRequest): Promise<PageOf<CustomerView>> {
  if (!canExist(page, filter.channelId)) return emptyPage
  const where = inOrg(tx)
  where.add((p) => `c.channel_id = ${p}`, filter.channelId)
  where.add((p) => `c.channel_id = any (${p}::uuid[])`, filter.channelIds)
  where.add((p) => `ch.platform = ${p}`, filter.platform)
  addBefore(where, 'c.last_seen_at', 'c.id', page.after)
  const rows = await select(tx, where, `order by c.last_seen_at desc, c.id desc limit ${where.param(page.limit + 1)}`)
  return pageOf(rows, page.limit, customerView, (row) => ({ key: row.last_seen_at.toISOString(), id: row.id }))
}

export async function customersById(tx: Tx, ids: readonly string[]): Promise<CustomerView[]> {
  if (ids.length === 0) return []
  const where = inOrg(tx)
  where.add((p) => `c.id = any (${p}::uuid[])`, ids)
  return (await select(tx, where)).map(customerView)
}

/** The person's own name, else what stands in for it: the username, then "Instagram user …1234". */
export function displayName(
  customer: Readonly<{ name: string | null; username: string | null; platform: string; externalId: string }>,
): string {
  const { name, username, platform, externalId } = customer
  if (name?.trim()) return name
  if (username?.trim()) return username
  const word = platform.length <= 3 ? platform : platform.charAt(0) + platform.slice(1).toLowerCase()
  return `${word} user …${externalId.slice(-4)}`
}

const customerView = (row: Row): CustomerView => ({
  id: row.id,
  orgId: row.org_id,
  platform: row.platform,
  channelId: row.channel_id,
  externalId: row.external_id,
  username: row.username,
  displayName: displayName({
    name: row.display_name,
    username: row.username,
    platform: row.platform,
    externalId: row.external_id,
  }),
  pictureUrl: row.picture_url,
  referrals: referralsOf(row),
  createdAt: row.created_at,
  lastSeenAt: row.last_seen_at,
})
