import type { ChannelId, OrgId } from '../../../core/ids.ts'
import type { PageOf, PageRequest } from '../../../ports/inbox-queries.ts'
import type { ChannelStatus, ChannelView } from '../../../ports/views.ts'
import type { Tx } from '../transaction.ts'
import { addBefore, type Conditions, canExist, conditions, emptyPage, pageOf } from './conditions.ts'

type Row = {
  id: ChannelId
  org_id: OrgId
  type: string
  platform: string
  name: string
  status: ChannelStatus
  settings: Record<string, unknown>
  secrets_set: string[]
  last_inbound_at: Date | null
  last_outbound_at: Date | null
  last_error: string | null
  bad_signatures: string | null
  unroutable: string | null
  quarantined: string | null
  unknown: string | null
  created_at: Date
  updated_at: Date
  version: number
}

const SELECT = `
select c.id, c.org_id, c.type, c.platform, c.name, c.status, c.settings,
  (select coalesce(jsonb_agg(s.name order by s.name), '[]') from channel_secrets s where s.org_id = c.org_id and s.channel_id = c.id) as secrets_set,
  h.last_inbound_at, h.last_outbound_at, h.last_error, h.bad_signatures, h.unroutable, h.quarantined, h.unknown,
  c.created_at, c.updated_at, c.version
from channels c left join channel_health h on h.org_id = c.org_id and h.channel_id = c.id`

const select = (tx: Tx, where: Conditions, rest = '') =>
  tx.rows<Row>(`${SELECT} where ${where.where} ${rest}`, where.params)

const inOrg = (tx: Tx): Conditions => {
  const where = conditions()
  where.add((p) => `c.org_id = ${p}`, tx.orgId)
  return where
}

/** Disconnected ones only for whoever asks for that status. */
export async function channelsPage(
  tx: Tx,
  filter: { type?: string; status?: string },
  page: PageRequest,
): Promise<PageOf<ChannelView>> {
  if (!canExist(page)) return emptyPage
  const where = inOrg(tx)
  where.add((p) => `c.type = ${p}`, filter.type)
  if (filter.status === undefined) where.add((p) => `c.status <> ${p}`, 'DISCONNECTED')
  else where.add((p) => `c.status = ${p}`, filter.status)
  addBefore(where, 'c.created_at', 'c.id', page.after)
  const rows = await select(tx, where, `order by c.created_at desc, c.id desc limit ${where.param(page.limit + 1)}`)
  return pageOf(rows, page.limit, channelView, (row) => ({ key: row.created_at.toISOString(), id: row.id }))
}

export async function channelById(tx: Tx, id: ChannelId): Promise<ChannelView | null> {
  if (!canExist({ after: null }, id)) return null
  const where = inOrg(tx)
  where.add((p) => `c.id = ${p}`, id)
  const [row] = await select(tx, where)
  return row ? channelView(row) : null
}

const channelView = (row: Row): ChannelView => ({
  id: row.id,
  orgId: row.org_id,
  type: row.type,
  platform: row.platform,
  name: row.name,
  status: row.status,
  config: row.settings,
  secretsSet: row.secrets_set,
  health: {
    lastInboundAt: row.last_inbound_at,
    lastOutboundAt: row.last_outbound_at,
    lastError: row.last_error,
    badSignatures: Number(row.bad_signatures ?? 0),
    unroutable: Number(row.unroutable ?? 0),
    quarantined: Number(row.quarantined ?? 0),
    unknown: Number(row.unknown ?? 0),
  },
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  version: row.version,
})
