import type { MemberId, TicketId } from '../../../core/ids.ts'
import type { Member } from '../../../core/member/member.ts'
import type { MemberStore } from '../../../ports/member-store.ts'
import type { Tx } from '../transaction.ts'
import { isUuid } from '../uuid.ts'

export const createMemberStore = (tx: Tx): MemberStore => ({
  // Not `for update`: what others write refers to members all the time, and need not wait for a change of role.
  lockWithOwners: (ids) =>
    tx.rows<Member>(
      `select id, role, active from memberships
       where org_id = $1 and (active or removed_at is null) and (role = 'OWNER' or id = any($2::uuid[]))
       order by id for no key update`,
      [tx.orgId, ids.filter(isUuid)],
    ),

  async holdActive(id) {
    if (!isUuid(id)) return false
    const held = await tx.rows('select id from memberships where org_id = $1 and id = $2 and active for share', [
      tx.orgId,
      id,
    ])
    return held.length > 0
  },

  async save({ id, role, active }) {
    await tx.affected(
      'update memberships set role = $3, active = $4, removed_at = null where org_id = $1 and id = $2',
      [tx.orgId, id, role, active],
    )
  },

  async endSessions(id, now) {
    await tx.affected('update memberships set sessions_since = $3 where org_id = $1 and id = $2', [tx.orgId, id, now])
  },

  async remove(id, { reassignTo, now }) {
    const tickets = await handOver(tx, id, reassignTo, now)
    await tx.affected('update memberships set active = false, removed_at = $3 where org_id = $1 and id = $2', [
      tx.orgId,
      id,
      now,
    ])
    return tickets
  },
})

/** Conversations first and in the order of their ids, as everything that changes tickets does. */
async function handOver(tx: Tx, from: MemberId, to: MemberId | null, now: Date): Promise<readonly TicketId[]> {
  const open = `org_id = $1 and status in ('OPEN', 'PENDING', 'SNOOZED') and assignee_id = $2`
  await tx.rows(
    `select id from conversations where org_id = $1 and id in (select conversation_id from tickets where ${open})
     order by id for no key update`,
    [tx.orgId, from],
  )
  const given = await tx.rows<{ id: TicketId }>(
    `update tickets set assignee_id = $3, version = version + 1, updated_at = $4 where ${open} returning id`,
    [tx.orgId, from, to, now],
  )
  return given.map(({ id }) => id).toSorted()
}
