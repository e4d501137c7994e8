import type { IdSource } from '../../../ports/id-source.ts'
import type { AuditLog } from '../../../ports/unit-of-work.ts'
import type { Tx } from '../transaction.ts'

/** Who did what: ids only. */
export const createAuditLog = (tx: Tx, { ids }: { ids: IdSource }): AuditLog => ({
  async record({ actorType, actorId, action, resourceType, resourceId, requestId }) {
    await tx.affected(
      `insert into audit_log (id, org_id, actor_type, actor_id, action, resource_type, resource_id, request_id)
       values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [ids.next(), tx.orgId, actorType, actorId, action, resourceType, resourceId, requestId],
    )
  },
})
