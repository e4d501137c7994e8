import type { ApiKeyId, ChannelId, MemberId, OrgId } from '../../../core/ids.ts'
import type { Permission } from '../../../core/member/permissions.ts'
import type { PageOf, PageRequest } from '../../../ports/inbox-queries.ts'
import type { ApiKeyView } from '../../../ports/views.ts'
import type { Tx } from '../transaction.ts'
import { addBefore, type Conditions, canExist, conditions, emptyPage, pageOf } from './conditions.ts'

export type ApiKeyRow = {
  id: ApiKeyId
  org_id: OrgId
  member_id: MemberId
  name: string
  hint: string
  scopes: Permission[]
  channel_ids: ChannelId[] | null
  allowed_cidrs: string[] | null
  expires_at: Date | null
  last_used_at: Date | null
  created_at: Date
  revoked_at: Date | null
}

/** Never its hash. Of a key for some channels the list is there, also where it is empty by now. */
export const API_KEY_COLUMNS = `
k.id, k.org_id, k.member_id, k.name, k.hint, k.scopes, k.allowed_cidrs, k.expires_at, k.last_used_at, k.created_at, k.revoked_at,
case when k.by_channel then coalesce((select array_agg(c.channel_id order by c.channel_id) from api_key_channels c
  where c.org_id = k.org_id and c.key_id = k.id), '{}') end as channel_ids`

const select = (tx: Tx, where: Conditions, rest = '') =>
  tx.rows<ApiKeyRow>(`select ${API_KEY_COLUMNS} from api_keys k where ${where.where} ${rest}`, where.params)

const inOrg = (tx: Tx): Conditions => {
  const where = conditions()
  where.add((p) => `k.org_id = ${p}`, tx.orgId)
  return where
}

export async function apiKeysPage(tx: Tx, page: PageRequest): Promise<PageOf<ApiKeyView>> {
  if (!canExist(page)) return emptyPage
  const where = inOrg(tx)
  addBefore(where, 'k.created_at', 'k.id', page.after)
  const rows = await select(tx, where, `order by k.created_at desc, k.id desc limit ${where.param(page.limit + 1)}`)
  return pageOf(rows, page.limit, apiKeyView, (row) => ({ key: row.created_at.toISOString(), id: row.id }))
}

export async function apiKeysById(tx: Tx, id: ApiKeyId): Promise<ApiKeyView[]> {
  const where = inOrg(tx)
  where.add((p) => `k.id = ${p}`, id)
  return (await select(tx, where)).map(apiKeyView)
}

export const apiKeyView = (row: ApiKeyRow): ApiKeyView => ({
  id: row.id,
  orgId: row.org_id,
  memberId: row.member_id,
  name: row.name,
  hint: row.hint,
  scopes: row.scopes,
  channelIds: row.channel_ids,
  allowedCidrs: row.allowed_cidrs,
  expiresAt: row.expires_at,
  lastUsedAt: row.last_used_at,
  createdAt: row.created_at,
  revokedAt: row.revoked_at,
})
