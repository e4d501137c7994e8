import type { AuditEntryId } from '../../../core/ids.ts'
import type { AuditEntryView, AuditFilter } from '../../../ports/audit-log.ts'
import type { PageOf, PageRequest } from '../../../ports/inbox-queries.ts'
import type { Tx } from '../transaction.ts'
import { addBefore, canExist, conditions, emptyPage, pageOf } from './conditions.ts'

type Row = {
  id: AuditEntryId
  actor_type: AuditEntryView['actor']['type']
  actor_id: string | null
  action: string
  resource_type: string
  resource_id: string | null
  request_id: string | null
  at: Date
}

/** The organization's own: what is nobody's is the operator's. */
export async function auditPage(
  tx: Tx,
  { action, actorId, resourceType, resourceId, occurredAfter, occurredBefore }: AuditFilter,
  page: PageRequest,
): Promise<PageOf<AuditEntryView>> {
  if (!canExist(page, actorId, resourceId)) return emptyPage
  const where = conditions()
  where.add((p) => `a.org_id = ${p}`, tx.orgId)
  where.add((p) => `a.action = ${p}`, action)
  where.add((p) => `a.actor_id = ${p}`, actorId)
  where.add((p) => `a.resource_type = ${p}`, resourceType)
  where.add((p) => `a.resource_id = ${p}`, resourceId)
  where.add((p) => `a.at >= ${p}::timestamptz`, occurredAfter)
  where.add((p) => `a.at < ${p}::timestamptz`, occurredBefore)
  addBefore(where, 'a.at', 'a.id', page.after)
  const rows = await tx.rows<Row>(
    `select a.id, a.actor_type, a.actor_id, a.action, a.resource_type, a.resource_id, a.request_id, a.at
     from audit_log a where ${where.where} order by a.at desc, a.id desc limit ${where.param(page.limit + 1)}`,
    where.params,
  )
  return pageOf(rows, page.limit, entryView, ({ at, id }) => ({ key: at.toISOString(), id }))
}

const entryView = (row: Row): AuditEntryView => ({
  id: row.id,
  action: row.action,
  actor: { type: row.actor_type, id: row.actor_id },
  resource: { type: row.resource_type, id: row.resource_id },
  requestId: row.request_id,
  occurredAt: row.at,
})
