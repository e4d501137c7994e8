import type { InvitationId, MemberId } from '../../../core/ids.ts'
import type { Invitation } from '../../../core/member/invitation.ts'
import type { Role } from '../../../core/member/permissions.ts'
import type { InvitationStore } from '../../../ports/invitations.ts'
import type { Tx } from '../transaction.ts'
import { isUuid } from '../uuid.ts'

type Row = { id: InvitationId; email: string; role: Role; invited_by: MemberId; expires_at: Date }

/** What nobody took is forgotten this long after it was over, when the organization invites again. */
const KEPT = `interval '30 days'`

export const createInvitationStore = (tx: Tx): InvitationStore => ({
  async lock(id) {
    return isUuid(id) ? one(tx, 'id = $2', id) : null
  },

  lockForAddress: (email) => one(tx, 'lower(email) = lower($2)', email),

  async put({ id, email, role, invitedBy, tokenHash, madeAt, expiresAt, letter }) {
    await tx.affected(`delete from invitations where org_id = $1 and expires_at < $2::timestamptz - ${KEPT}`, [
      tx.orgId,
      madeAt,
    ])
    const [kept] = await tx.rows<Pick<Row, 'id'>>(
      `insert into invitations (id, org_id, email, role, invited_by, token_hash, made_at, expires_at, letter)
       values ($2, $1, $3, $4, $5, $6, $7, $8, $9)
       on conflict (org_id, lower(email)) do update set role = excluded.role, invited_by = excluded.invited_by,
         token_hash = excluded.token_hash, made_at = excluded.made_at, expires_at = excluded.expires_at,
         letter = excluded.letter
       returning id`,
      [tx.orgId, id, email, role, invitedBy, tokenHash, madeAt, expiresAt, letter],
    )
    return kept?.id ?? id
  },

  async lettered(id, tokenHash, letter) {
    await tx.affected('update invitations set letter = $4 where org_id = $1 and id = $2 and token_hash = $3', [
      tx.orgId,
      id,
      tokenHash,
      letter,
    ])
  },

  async remove(id) {
    await tx.affected('delete from invitations where org_id = $1 and id = $2', [tx.orgId, id])
  },
})

async function one(tx: Tx, which: string, value: string): Promise<Invitation | null> {
  const [row] = await tx.rows<Row>(
    `select id, email, role, invited_by, expires_at from invitations where org_id = $1 and ${which} for update`,
    [tx.orgId, value],
  )
  return row
    ? { id: row.id, email: row.email, role: row.role, invitedBy: row.invited_by, expiresAt: row.expires_at }
    : null
}
