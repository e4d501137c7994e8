import type { InvitationId, MemberId, OrgId } from '../../../core/ids.ts'
import type { LetterState } from '../../../core/member/invitation.ts'
import type { Role } from '../../../core/member/permissions.ts'
import type { PageOf, PageRequest } from '../../../ports/inbox-queries.ts'
import type { InvitationView } from '../../../ports/views.ts'
import type { Tx } from '../transaction.ts'
import { addBefore, canExist, conditions, emptyPage, pageOf } from './conditions.ts'

type Row = {
  id: InvitationId
  org_id: OrgId
  email: string
  role: Role
  invited_by: MemberId
  made_at: Date
  expires_at: Date
  letter: LetterState
}

/** Longer than all tries take: whoever sent it was cut off. */
const LETTER_MS = 120_000

const COLUMNS = 'id, org_id, email, role, invited_by, made_at, expires_at, letter'

export async function invitationsPage(tx: Tx, page: PageRequest, now: Date): Promise<PageOf<InvitationView>> {
  if (!canExist(page)) return emptyPage
  const where = conditions()
  where.add((p) => `org_id = ${p}::uuid`, tx.orgId)
  addBefore(where, 'made_at', 'id', page.after)
  const rows = await tx.rows<Row>(
    `select ${COLUMNS} from invitations where ${where.where}
     order by made_at desc, id desc limit ${where.param(page.limit + 1)}`,
    where.params,
  )
  return pageOf(
    rows,
    page.limit,
    (row) => viewOf(row, now),
    (row) => ({ key: row.made_at.toISOString(), id: row.id }),
  )
}

export async function invitationById(tx: Tx, id: InvitationId, now: Date): Promise<InvitationView | null> {
  if (!canExist({ after: null }, id)) return null
  const [row] = await tx.rows<Row>(`select ${COLUMNS} from invitations where org_id = $1 and id = $2`, [tx.orgId, id])
  return row ? viewOf(row, now) : null
}

const viewOf = (row: Row, now: Date): InvitationView => ({
  id: row.id,
  orgId: row.org_id,
  email: row.email,
  role: row.role,
  invitedBy: row.invited_by,
  status: row.expires_at > now ? 'PENDING' : 'EXPIRED',
  letter: row.letter === 'SENDING' && now.getTime() - row.made_at.getTime() > LETTER_MS ? 'FAILED' : row.letter,
  createdAt: row.made_at,
  expiresAt: row.expires_at,
})
