import type { ChannelId, OrgId } from '../../../core/ids.ts'
import type { ChannelFilter, PageOf, PageRequest } from '../../../ports/inbox-queries.ts'
import type { ChannelStateView, ChannelStatus, ChannelView, PauseReason } from '../../../ports/views.ts'
import type { Tx } from '../transaction.ts'
import { addBefore, type Conditions, canExist, conditions, emptyPage, pageOf } from './conditions.ts'
import { type ImportRow, importView } from './history.ts'
import { LONGEST_PAUSE } from './pauses.ts'

type Row = {
  id: ChannelId
  org_id: OrgId
  type: string
  platform: string
  name: string
  status: ChannelStatus
  settings: Record<string, unknown>
  secrets_set: string[]
  retention_days: number | null
  is_bound: boolean
  subscribe_since: Date | null
  doubted_at: Date | null
  proven_at: Date | null
  last_inbound_at: Date | null
  last_outbound_at: Date | null
  last_error: string | null
  last_error_at: Date | null
  bad_signatures: string | null
  unroutable: string | null
  quarantined: string | null
  unknown: string | null
  paused_until: Date | number | null
  pause_reason: PauseReason | null
  last_import: ImportRow | null
  token_expires_at: Date | null
  missing_permissions: string[] | null
  last_sweep_at: Date | null
  gaps_checked: number | null
  gaps_found: number | null
  last_found_at: Date | null
  created_at: Date
  updated_at: Date
  version: number
}

const SELECT = `
select c.id, c.org_id, c.type, c.platform, c.name, c.status, c.settings, c.retention_days,
  (select coalesce(jsonb_agg(s.name order by s.name), '[]') from channel_secrets s where s.org_id = c.org_id and s.channel_id = c.id) as secrets_set,
  b.channel_id is not null as is_bound, b.subscribe_since,
  h.last_inbound_at, h.last_outbound_at, h.last_error, h.last_error_at, h.bad_signatures, h.unroutable, h.quarantined, h.unknown,
  w.until as paused_until, w.reason as pause_reason,
  k.expires_at as token_expires_at, k.missing_permissions, k.doubted_at, k.proven_at, g.last_sweep_at, g.checked as gaps_checked, g.found as gaps_found, g.last_found_at,
  (select to_jsonb(i) from history_imports i where i.org_id = c.org_id and i.channel_id = c.id order by i.requested_at desc, i.id desc limit 1) as last_import,
  c.created_at, c.updated_at, c.version
from channels c left join channel_health h on h.org_id = c.org_id and h.channel_id = c.id
left join channel_tokens k on k.org_id = c.org_id and k.channel_id = c.id
left join account_bindings b on b.org_id = c.org_id and b.channel_id = c.id
left join channel_sweeps g on g.org_id = c.org_id and g.channel_id = c.id
left join lateral (${LONGEST_PAUSE}) w on true`

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
  filter: ChannelFilter,
  page: PageRequest,
  now: Date,
): Promise<PageOf<ChannelView>> {
  if (!canExist(page)) return emptyPage
  const where = inOrg(tx)
  where.add((p) => `c.type = ${p}`, filter.type)
  where.add((p) => `c.id = any (${p}::uuid[])`, filter.ids)
  if (filter.status === undefined) where.add((p) => `c.status <> ${p}`, 'DISCONNECTED')
  else where.add((p) => `c.status = ${p}`, filter.status)
  addBefore(where, 'c.created_at', 'c.id', page.after)
  const rows = await select(tx, where, `order by c.created_at desc, c.id desc limit ${where.param(page.limit + 1)}`)
  return pageOf(rows, page.limit, channelView(now), (row) => ({ key: row.created_at.toISOString(), id: row.id }))
}

export async function channelById(tx: Tx, id: ChannelId, now: Date): Promise<ChannelView | null> {
  if (!canExist({ after: null }, id)) return null
  return (await channelsById(tx, [id], now))[0] ?? null
}

export const channelStates = async (tx: Tx, ids: readonly string[], now: Date): Promise<ChannelStateView[]> =>
  (await channelsById(tx, ids, now)).map(({ id, orgId, type, platform, name, status, health }) => ({
    id,
    orgId,
    type,
    platform,
    name,
    status,
    health,
  }))

async function channelsById(tx: Tx, ids: readonly string[], now: Date): Promise<ChannelView[]> {
  if (ids.length === 0) return []
  const where = inOrg(tx)
  where.add((p) => `c.id = any (${p}::uuid[])`, ids)
  return (await select(tx, where)).map(channelView(now))
}

/** Trouble is over with the first reply that goes out after it. */
const errorOf = ({ last_error: error, last_error_at: at, last_outbound_at: sentAt }: Row) =>
  error === null || at === null || (sentAt !== null && sentAt > at)
    ? { lastError: null, lastErrorAt: null }
    : { lastError: error, lastErrorAt: at }

/** A pause that is over is none; one without end has no time to show. */
const pauseOf = ({ paused_until: until, pause_reason: reason }: Row, now: Date) =>
  until === null || (until instanceof Date && until <= now)
    ? { pausedUntil: null, pauseReason: null }
    : { pausedUntil: until instanceof Date ? until : null, pauseReason: reason }

const channelView =
  (now: Date) =>
  (row: Row): ChannelView => ({
    id: row.id,
    orgId: row.org_id,
    type: row.type,
    platform: row.platform,
    name: row.name,
    status: row.status,
    config: row.settings,
    secretsSet: row.secrets_set,
    retentionDays: row.retention_days,
    isBound: row.is_bound,
    proof: { doubtedAt: row.doubted_at, provenAt: row.proven_at },
    health: {
      lastInboundAt: row.last_inbound_at,
      lastOutboundAt: row.last_outbound_at,
      ...errorOf(row),
      ...pauseOf(row, now),
      badSignatures: Number(row.bad_signatures ?? 0),
      unroutable: Number(row.unroutable ?? 0),
      quarantined: Number(row.quarantined ?? 0),
      unknown: Number(row.unknown ?? 0),
      lastImport: row.last_import && importView(row.last_import),
      tokenExpiresAt: row.token_expires_at,
      missingPermissions: row.missing_permissions,
      subscribingSince: row.subscribe_since,
      gaps: {
        lastSweepAt: row.last_sweep_at,
        checked: row.gaps_checked ?? 0,
        found: row.gaps_found ?? 0,
        lastFoundAt: row.last_found_at,
      },
    },
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    version: row.version,
  })
