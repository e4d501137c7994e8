import type { MemberId, OrgId, UserId } from '../../../core/ids.ts'
import type { Role } from '../../../core/member/permissions.ts'
import type { MemberFilter } from '../../../ports/account-directory.ts'
import type { PageOf, PageRequest } from '../../../ports/inbox-queries.ts'
import type { MemberStateView, MemberView } from '../../../ports/views.ts'
import type { SystemTx, Tx } from '../transaction.ts'
import { canExist, conditions, emptyPage, pageOf } from './conditions.ts'

type StateRow = {
  id: MemberId
  org_id: OrgId
  user_id: UserId
  name: string
  role: Role
  active: boolean
  created_at: Date
}
type Row = StateRow & { email: string }

/** Who was removed keeps a row and is nobody's colleague. */
const THERE = '(m.active or m.removed_at is null)'

/** With their addresses, which belong to people and not to organizations: so as the system role. */
export async function membersPage(
  tx: SystemTx,
  orgId: OrgId,
  filter: MemberFilter,
  page: PageRequest,
): Promise<PageOf<MemberView>> {
  if (!canExist(page, orgId)) return emptyPage
  const where = conditions()
  where.add((p) => `m.org_id = ${p}::uuid and ${THERE}`, orgId)
  where.add((p) => `m.role = ${p}`, filter.role)
  where.add((p) => `m.active = ${p}`, filter.status && filter.status === 'ACTIVE')
  if (page.after !== null) {
    const { key, id } = page.after
    where.and(`(m.created_at, m.id) > (${where.param(key)}::timestamptz, ${where.param(id)}::uuid)`)
  }
  const rows = await tx.rows<Row>(
    `select m.id, m.org_id, m.user_id, m.name, m.role, m.active, m.created_at, u.email from memberships m
     join users u on u.id = m.user_id where ${where.where} order by m.created_at, m.id limit ${where.param(page.limit + 1)}`,
    where.params,
  )
  return pageOf(rows, page.limit, memberView, (row) => ({ key: row.created_at.toISOString(), id: row.id }))
}

export async function memberById(tx: SystemTx, orgId: OrgId, memberId: MemberId): Promise<MemberView | null> {
  if (!canExist({ after: null }, orgId, memberId)) return null
  const [row] = await tx.rows<Row>(
    `select m.id, m.org_id, m.user_id, m.name, m.role, m.active, m.created_at, u.email from memberships m
     join users u on u.id = m.user_id where m.org_id = $1 and m.id = $2 and ${THERE}`,
    [orgId, memberId],
  )
  return row ? memberView(row) : null
}

export async function memberStates(tx: Tx, ids: readonly string[]): Promise<MemberStateView[]> {
  if (ids.length === 0) return []
  const rows = await tx.rows<StateRow>(
    `select m.id, m.org_id, m.user_id, m.name, m.role, m.active, m.created_at from memberships m
     where m.org_id = $1 and m.id = any($2::uuid[]) and ${THERE}`,
    [tx.orgId, ids],
  )
  return rows.map(stateView)
}

const stateView = (row: StateRow): MemberStateView => ({
  id: row.id,
  orgId: row.org_id,
  userId: row.user_id,
  name: row.name,
  role: row.role,
  status: row.active ? 'ACTIVE' : 'DISABLED',
  createdAt: row.created_at,
})

const memberView = (row: Row): MemberView => ({ ...stateView(row), email: row.email })
