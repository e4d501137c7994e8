import type { ConversationId, PartId } from '../../../core/ids.ts'
import type { LaneClaim } from '../../../ports/send-store.ts'
import type { Tx } from '../transaction.ts'

/**
 * A lane's state follows from its conversation's queue. Whoever changes it holds the conversation's row lock, so that looking
 * for queued parts cannot miss one; claiming only turns READY into BUSY and needs no lock.
 */
const QUEUED = `exists (select from message_parts p where p.org_id = l.org_id and p.conversation_id = l.conversation_id and p.status = 'QUEUED')`

export const lockConversation = (tx: Tx, id: ConversationId): Promise<unknown> =>
  tx.rows('select from conversations where org_id = $1 and id = $2 for no key update', [tx.orgId, id])

/** Whether the claim still holds. */
export async function holdsLane(tx: Tx, { conversationId, fence }: LaneClaim): Promise<boolean> {
  const rows = await tx.rows(
    `select from send_lanes where org_id = $1 and conversation_id = $2 and fence = $3 and state = 'BUSY' for update`,
    [tx.orgId, conversationId, fence],
  )
  return rows.length > 0
}

/** The claim's own lane: READY where something is queued, else IDLE. */
export async function freeLane(
  tx: Tx,
  { conversationId, fence }: LaneClaim,
  notBefore: Date | null = null,
): Promise<void> {
  await tx.affected(
    `update send_lanes l set state = case when ${QUEUED} then 'READY' else 'IDLE' end, lease_until = null, not_before = coalesce($4::timestamptz, now())
     where l.org_id = $1 and l.conversation_id = $2 and l.fence = $3`,
    [tx.orgId, conversationId, fence, notBefore],
  )
}

/**
 * For whoever resolves a part without the lane: what waited behind it may go, or it waits itself again. A lane that is
 * being worked on stays its worker's, and one that is held for a later part stays held.
 */
export async function wakeLane(
  tx: Tx,
  conversationId: ConversationId,
  resolved: PartId,
  notBefore: Date | null = null,
): Promise<void> {
  await tx.affected(
    `update send_lanes l set state = case when ${QUEUED} then 'READY' else 'IDLE' end, lease_until = null, fence = fence + 1,
       not_before = coalesce($4::timestamptz, now())
     where l.org_id = $1 and l.conversation_id = $2 and l.state in ('HELD', 'IDLE') and not exists (
       select from message_parts r join message_parts p on p.org_id = r.org_id and p.conversation_id = r.conversation_id
       where r.org_id = $1 and r.id = $3 and p.status = 'UNKNOWN' and p.lane_position > r.lane_position)`,
    [tx.orgId, conversationId, resolved, notBefore],
  )
}

export async function holdLane(tx: Tx, id: ConversationId, fence: string, until: Date): Promise<void> {
  await tx.affected(
    `update send_lanes set state = 'HELD', lease_until = $4 where org_id = $1 and conversation_id = $2 and fence = $3`,
    [tx.orgId, id, fence, until],
  )
}
